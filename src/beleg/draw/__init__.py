"""Numbers and graphs as SVG text: pure functions that know nothing of ours, drawn alike in the report and in the console."""

"""Facts in, findings out: every detector is a folder that answers one question."""

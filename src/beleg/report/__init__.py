"""The audit's answer as a person reads it: on the terminal, in one HTML file, and served on this machine only."""

from beleg.report.files import write_report
from beleg.report.html import render_html
from beleg.report.serve import Served, serve
from beleg.report.terminal import render

__all__ = ["Served", "render", "render_html", "serve", "write_report"]

"""Beleg: no refund without evidence."""

__version__ = "0.1.0"

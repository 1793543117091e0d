"""What the rooms' tests share: one browser for all stories that a worker walks through."""

from support.browsers import at, browser

__all__ = ["at", "browser"]

"""Webhooks of shops, payment providers and carriers: signature checked over the raw body, then mapped to facts, a file each."""

from beleg.connect.webhooks.intake import Feeds, Taken
from beleg.connect.webhooks.signatures import ForgedError

__all__ = ["Feeds", "ForgedError", "Taken"]

"""The gate at work writes to stores of its own."""

from support.store_fixtures import addresses, server, store

__all__ = ["addresses", "server", "store"]

"""The ledger's tests write to stores of their own."""

from support.store_fixtures import addresses, server, store

__all__ = ["addresses", "server", "store"]

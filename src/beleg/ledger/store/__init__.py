"""The service's ledger on PostgreSQL: facts appended for good, each with its leaf in a Merkle log, and read back as tables."""

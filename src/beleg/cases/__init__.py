"""Findings and decisions become cases that a person can close; what a case is in is derived from facts, in the ledger's order."""

"""Accounts that share more, and rarer, things than chance, a family or a building explains, and whose refunds lack proofs."""

"""What several tests share: small ledgers, their background, and asking them on an engine."""

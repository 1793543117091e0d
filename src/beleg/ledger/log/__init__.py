"""The tamper-evident log, without any database: canonical form, RFC 6962 trees, signed checkpoints, proofs to take away."""

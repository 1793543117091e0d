"""A record was written long after the moment it gives for itself."""

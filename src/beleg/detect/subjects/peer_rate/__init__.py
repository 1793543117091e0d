"""Do more of the refunds that somebody approved stand unsupported than of peers'."""

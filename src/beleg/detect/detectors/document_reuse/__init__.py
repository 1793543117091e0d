"""The same document backs the claims of several accounts."""

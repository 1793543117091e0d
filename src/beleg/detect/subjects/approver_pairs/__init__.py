"""Do two members of staff pass refunds that nothing supports."""

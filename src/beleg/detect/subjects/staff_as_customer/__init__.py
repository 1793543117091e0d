"""Does somebody handle refunds to themselves that nothing supports."""

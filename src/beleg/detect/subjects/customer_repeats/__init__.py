"""Does somebody receive goods that nothing else ever saw again and again for one customer."""

"""Does somebody receive goods that nothing else ever saw, more often than peers do."""

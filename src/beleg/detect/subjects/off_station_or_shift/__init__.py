"""Does somebody receive goods where or when they do not work."""

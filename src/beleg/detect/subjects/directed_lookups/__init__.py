"""Does somebody open returns nobody gave out, and receive them at once."""

"""Does somebody pass amounts just below where another would have to agree."""

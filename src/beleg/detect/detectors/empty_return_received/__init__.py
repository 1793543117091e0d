"""A return of nothing was received, and money was paid for it."""

"""Quality programs: recall, noise and ranking, on worlds whose truth is known and on real data."""

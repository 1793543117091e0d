"""What happened: the typed definition of every fact, from which JSON, Arrow and table schemas follow."""

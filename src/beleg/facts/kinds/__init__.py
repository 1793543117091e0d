"""One class per fact, grouped by what it is about; a new fact is written here and nowhere else."""

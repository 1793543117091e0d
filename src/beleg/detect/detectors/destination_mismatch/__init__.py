"""A return parcel that was delivered somewhere else."""

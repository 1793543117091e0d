"""A parcel that was received sooner than its lane can carry it."""

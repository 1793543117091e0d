"""A receipt, and no trace of a parcel on its way to it."""

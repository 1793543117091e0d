"""A return that a carrier took and that never arrived."""

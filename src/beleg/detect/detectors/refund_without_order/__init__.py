"""Money went back for a purchase that is not there."""

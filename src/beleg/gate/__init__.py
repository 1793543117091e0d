"""One claim in, one decision out: release, hold or review, with all its reasons; policies live here."""

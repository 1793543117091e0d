"""A receipt that was typed or sent by a program instead of scanned."""

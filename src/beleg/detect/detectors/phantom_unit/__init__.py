"""A unit that was received and never seen again."""

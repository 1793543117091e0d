"""One person did two of the things that two people should do."""

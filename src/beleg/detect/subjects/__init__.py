"""Detectors of subjects, one folder a question: accounts, rings, members of staff."""

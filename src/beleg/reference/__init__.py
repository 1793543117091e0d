"""The reference pages, read off the code: facts, proofs, detectors, the mapping format and the commands."""

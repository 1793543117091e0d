"""The few algorithms that are ours: Arrow in, Arrow out, the same for every engine."""

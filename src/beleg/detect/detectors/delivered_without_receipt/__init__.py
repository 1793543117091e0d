"""Tracking says delivered, and the warehouse has nothing."""

"""Do refunds above the line come back again and again on one account."""

"""The audit: from read exports to ranked refunds, one step after the other."""

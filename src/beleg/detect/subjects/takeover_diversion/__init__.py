"""Was an account taken over and its refund sent elsewhere."""

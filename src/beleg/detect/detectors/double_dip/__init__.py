"""More went back than was paid: a refund besides a lost dispute, a replacement, or another refund."""

"""Does somebody receive, again and again, what nobody saw and what the evidence of its refund speaks against."""

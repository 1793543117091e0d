"""Is more of what an account buys refunded than of what others buy like it."""

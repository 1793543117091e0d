"""Real storefronts for the acceptance tests: how each is installed, started, and driven over its own interfaces."""

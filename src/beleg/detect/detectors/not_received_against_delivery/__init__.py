"""A customer says nothing came, and the carrier says it was delivered."""

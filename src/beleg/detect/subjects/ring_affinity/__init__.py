"""Does somebody serve one ring's accounts more often than the queue brings them."""

"""What the facts say about one slice: what was authorised, what came back, what was paid."""

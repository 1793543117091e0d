"""Commands that belong together, a module each; the command line gathers them."""

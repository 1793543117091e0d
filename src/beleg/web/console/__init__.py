"""The console: pages for people, rendered on the server, with small scripts that help and are not needed."""

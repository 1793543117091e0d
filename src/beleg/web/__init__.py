"""The service over HTTP: what machines ask, and the console that people work in."""

"""One folder a question; found by walking, registered nowhere."""

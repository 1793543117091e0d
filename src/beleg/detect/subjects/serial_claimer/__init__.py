"""Does an account claim loss or damage again and again."""

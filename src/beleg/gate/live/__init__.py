"""The gate at work on the store: it proves, answers, answers anew when facts arrive, keeps the clock, and reconciles."""

"""The contenders, each a module of its own, so that none pays for what another imports. Run: ``python -m <module> WORLD OUT``."""

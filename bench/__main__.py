"""A small side by side, for a few minutes. Run: ``python -m bench``."""

import sys

from bench import audit

sys.exit(audit.main(["--orders", "70000", "--runs", "3"]))

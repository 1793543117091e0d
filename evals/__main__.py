"""All evaluations, and the page of the reference that shows them, with its figures beside it."""

from pathlib import Path

from evals import planted

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"

if __name__ == "__main__":
    planted.main(["--markdown", str(REFERENCE / "quality.md"), "--json", str(REFERENCE / "quality.json")])

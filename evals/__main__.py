"""All evaluations, and the page of the reference that shows them."""

from pathlib import Path

from evals import planted

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "quality.md"

if __name__ == "__main__":
    planted.main(["--markdown", str(PAGE)])

"""All evaluations, and the pages of the reference that show them, with their figures beside them."""

from pathlib import Path

from evals import closed, holds, insiders, learned, people, planted, rings

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"


def _files(name: str) -> list[str]:
    return ["--markdown", str(REFERENCE / f"{name}.md"), "--json", str(REFERENCE / f"{name}.json")]


if __name__ == "__main__":
    planted.main(_files("quality"))
    holds.main(_files("quality_holds"))
    learned.main(_files("quality_learned"))
    closed.main(_files("quality_closed"))
    people.main(_files("quality_subjects"))
    rings.main(["--seeds", "101-120", *_files("quality_rings")])
    insiders.main(_files("quality_insiders"))

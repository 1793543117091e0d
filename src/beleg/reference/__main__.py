"""``python -m beleg.reference`` writes docs/reference; with ``--check`` it only says what is stale, and fails if anything is."""

import sys
from pathlib import Path

from beleg.reference.pages import differences, pages, write

FOLDER = Path(__file__).parents[3] / "docs" / "reference"
LONGEST = 60


def main(arguments: list[str]) -> int:
    """Write or check; the answer is the exit code."""
    wanted = pages()
    if arguments != ["--check"]:
        write(wanted, FOLDER)
        print(f"wrote {len(wanted)} files to docs/reference")
        return 0
    stale = "\n".join(differences(wanted, FOLDER)).splitlines()
    if not stale:
        print("docs/reference: as the code says")
        return 0
    print(*stale[:LONGEST], sep="\n")
    print(f"... and {len(stale) - LONGEST} more lines" if len(stale) > LONGEST else "")
    print("docs/reference is not what the code says. To write it anew: make docs")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

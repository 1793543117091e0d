"""The reference pages: complete, the same whenever they are made, and found stale when they are."""

from pathlib import Path

import msgspec
import pytest

from beleg.detect.card import every_detector
from beleg.detect.subject import every_subject_detector
from beleg.proofs.words import PROOFS
from beleg.reference.mapping import PARTS
from beleg.reference.meanings import meanings
from beleg.reference.pages import differences, pages, write
from beleg.report.words import CLASSES, STATES
from beleg.report.words import PROOFS as IN_WORDS


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return pages()


def test_every_proof_has_its_meaning() -> None:
    assert set(meanings().proof) == set(PROOFS) == set(IN_WORDS)


def test_every_key_of_a_mapping_has_its_meaning() -> None:
    keys = {part.__name__: {field.encode_name for field in msgspec.structs.fields(part)} for _, part in PARTS}
    assert {part: set(said) for part, said in meanings().mapping.items()} == keys


def test_pages_name_everything(made: dict[str, str]) -> None:
    for detector in every_detector().values():
        assert detector.card.question in made["detectors.md"]
    for subject in every_subject_detector().values():
        assert subject.card.question in made["subjects.md"]
    for name in (*PROOFS, *CLASSES, *(state.label for state in STATES.values())):
        assert name in made["proofs.md"]


def test_pages_are_the_same_each_time(made: dict[str, str]) -> None:
    assert pages() == made


def test_what_is_written_is_not_stale(made: dict[str, str], tmp_path: Path) -> None:
    write(made, tmp_path)
    assert list(differences(made, tmp_path)) == []


def test_changed_missing_and_left_over_pages_are_found(made: dict[str, str], tmp_path: Path) -> None:
    write(made, tmp_path)
    (tmp_path / "facts.md").write_text("nothing")
    (tmp_path / "proofs.md").unlink()
    (tmp_path / "schemas" / "gone.json").write_text("{}")
    told = [diff.splitlines()[0] for diff in differences(made, tmp_path)]
    assert told == ["--- facts.md on disk", "--- proofs.md on disk", "--- schemas/gone.json on disk"]
    write(made, tmp_path)
    assert list(differences(made, tmp_path)) == []

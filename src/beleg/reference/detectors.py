"""The page on detectors, from their cards."""

from beleg.detect.card import Card, Detector, every_detector
from beleg.reference.markdown import anchor, bullets, code, codes, page, sentence, table
from beleg.report.words import title, words

_OPENING = """
A detector answers one question about every slice. It either *fires*, stays *silent*, or was *not run* because a source
is missing; not run is never clean. Each says which other explanations there are: a finding is a reason to look, never a
verdict. Findings of one *family* of evidence are weighed together, once.
"""


def detectors() -> str:
    """The page."""
    every = every_detector().values()
    rows = ((f"[{code(one.name)}](#{anchor(_heading(one))})", one.card.question, one.card.family) for one in every)
    return page("Detectors", _OPENING, table(("detector", "question", "family"), rows), *(_section(one) for one in every))


def _heading(detector: Detector) -> str:
    return title(words(detector.name))


def _section(detector: Detector) -> str:
    card = detector.card
    rivals = table(("it may be", "what would tell"), ((one.name, one.tells_apart) for one in card.rivals))
    return "\n\n".join(
        [
            f"## {_heading(detector)}",
            f"**{card.question}** {sentence(card.why)}",
            bullets(_outcomes(card)),
            f"**What to do.** {sentence(card.what_to_do)}",
            f"**Other explanations**\n\n{rivals}",
            "**Blind spots**\n\n" + bullets(sentence(one) for one in card.blind_spots),
            _small_print(detector),
        ]
    )


def _outcomes(card: Card) -> list[str]:
    said = card.outcomes
    return [f"*fires*: {sentence(said.fires)}", f"*silent*: {sentence(said.silent)}", f"*not run*: {sentence(said.not_run)}"]


def _small_print(detector: Detector) -> str:
    card = detector.card
    parts = [
        f"Needs {', '.join(_need(need) for need in card.needs)}",
        f"family {card.family}",
        f"about a {card.subject}",
        f"method *{card.method}*",
        f"{card.lifecycle}, version {card.version}",
        f"standards {codes(card.standards)}" if card.standards else "",
        *(f"exempt from {code(law)}: {why}" for law, why in card.exemptions.items()),
    ]
    return f"<sub>{sentence('; '.join(part for part in parts if part))}</sub>"


def _need(need: str) -> str:
    return " or ".join(code(one) for one in need.split("|"))

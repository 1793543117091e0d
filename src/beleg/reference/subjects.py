"""The page on detectors of subjects, from their cards."""

from beleg.detect.subject import SubjectDetector, every_subject_detector
from beleg.reference.markdown import anchor, bullets, code, codes, page, sentence, table
from beleg.report.words import title, words
from beleg.weigh.discoveries import ALERT_CHANCE, LEARNED_FALSE, levels

_OPENING = f"""
These ask who may be behind it: accounts, rings, members of staff. Each counts, holds what it counted against peers, and answers a
p-value or an e-value that honest overdispersion and honest habits are part of. Staff are asked about only with `--staff`, and
nobody is ever compared with fewer than ten peers. The chance that the audit of an honest shop names anybody at all is fixed
beforehand at {ALERT_CHANCE:.0%} and divided over the detectors. One that is *weak* adds to a sum and never alerts alone.
One that is *learned* runs only where closed cases confirmed fraud, which no honest shop has, and so has no part of that chance: of
those whom it names at most {LEARNED_FALSE:.0%} are named wrongly, on average.
"""


def subjects() -> str:
    """The page."""
    every = every_subject_detector()
    parts = levels({name: one.card.share for name, one in every.items() if not (one.card.weak or one.card.learned)})
    rows = (
        (
            f"[{code(one.name)}](#{anchor(_heading(one))})",
            one.card.subject,
            one.card.question,
            one.card.family,
            f"{parts[one.name]:.2%}" if one.name in parts else "learned" if one.card.learned else "weak",
        )
        for one in every.values()
    )
    columns = ("detector", "about", "question", "family", "chance of a false alert")
    return page("Detectors of subjects", _OPENING, table(columns, rows), *(_section(one) for one in every.values()))


def _heading(detector: SubjectDetector) -> str:
    return title(words(detector.name))


def _section(detector: SubjectDetector) -> str:
    card = detector.card
    said = card.outcomes
    outcomes = [f"*fires*: {sentence(said.fires)}", f"*silent*: {sentence(said.silent)}", f"*not run*: {sentence(said.not_run)}"]
    rivals = table(("it may be", "what would tell"), ((one.name, one.tells_apart) for one in card.rivals))
    parts = [
        f"Needs {', '.join(' or '.join(code(one) for one in need.split('|')) for need in card.needs)}",
        f"counts {card.measure}",
        f"seen with a {card.counterpart}" if card.counterpart else "",
        f"{card.lifecycle}, version {card.version}",
        f"standards {codes(card.standards)}" if card.standards else "",
    ]
    return "\n\n".join(
        [
            f"## {_heading(detector)}",
            f"**{card.question}** {sentence(card.why)}",
            bullets(outcomes),
            "**What to check**\n\n" + bullets(sentence(one) for one in card.what_to_do),
            f"**Other explanations**\n\n{rivals}",
            "**Blind spots**\n\n" + bullets(sentence(one) for one in card.blind_spots),
            f"<sub>{sentence('; '.join(part for part in parts if part))}</sub>",
        ]
    )

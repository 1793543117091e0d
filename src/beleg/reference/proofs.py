"""The page on proofs: what speaks for each, the states, and which refund class needs which."""

from beleg.kernels.liveness import BUSY, DOWN_SHARE
from beleg.proofs.claims import LIGHTEST
from beleg.proofs.coverage import WINDOWS
from beleg.proofs.evidence import HEAVIEST, SCALE_GRAMS
from beleg.proofs.money import SLACK
from beleg.proofs.words import CLAIM_PROOFS, LETTERS, PROOFS, RETURN_PROOFS, Need, Proof, matrix
from beleg.reference.markdown import code, codes, page, sentence, table
from beleg.reference.meanings import meanings
from beleg.report.words import STANDINGS, STATES, class_name, proof_name

_OPENING = """
A proof is what the facts say about one slice: an order line, a number of its units, and the return, claim or refund
that asks for money. Nobody can set a proof; it is derived.

Proofs are worth as much as the witnesses behind them are independent. A carrier is one witness, whatever the number of its
scans, and only for scans fetched from or signed by it. A person is one witness, whatever the number of logins. A person who is not
known may be any of those who are, and counts as nobody beside them: witnesses are the fewest persons that there must have been.
"""
_MATRIX = """
A refund is *supported* when every group its class needs is satisfied. Within a group one proof is enough; the furthest
one that is true or contradicted decides. Days are counted from the refund. The matrix stands in
`src/beleg/proofs/matrix.toml`.

Whatever its class, a refund is part of the gap when refunds, replacements and lost disputes together exceed what was paid
for its line or its order by more than {slack:.0%}.
"""
_WINDOWS = """
An absent proof is evidence only if its source was live. Around the day goods were received (else refunded), these are
the days on which the fact would have been written. If the source was down at that place on one of them, the proof is
*unavailable*, not *absent*. A day counts as down when fewer than {share:.0%} of the facts came that usually come on that
weekday; places with fewer than {busy:.0f} facts a day cannot be judged. The later proofs have weeks to appear, so one day's
outage excuses none of them.
"""


def proofs() -> str:
    """The page."""
    return page(
        "Proofs",
        _OPENING,
        "## For goods on their way back\n\n" + _proofs(RETURN_PROOFS),
        "## For claims about goods that stay away\n\n" + _proofs(CLAIM_PROOFS),
        "## States\n\n" + _states(),
        "## What each refund class needs\n\n" + _MATRIX.format(slack=SLACK - 1).strip("\n"),
        _matrix(),
        "## Where the money stands\n\n" + _standings(),
        "## Coverage windows\n\n" + _WINDOWS.format(share=DOWN_SHARE, busy=BUSY).strip("\n"),
        _windows(),
    )


def _proofs(names: tuple[Proof, ...]) -> str:
    said = meanings().proof
    return table(
        ("proof", "question", "speaks for it", "speaks against it"),
        ((code(name), said[name].question, _bounds(said[name].speaks_for), said[name].speaks_against) for name in names),
    )


def _bounds(text: str) -> str:
    return text.format(lightest=LIGHTEST, heaviest=HEAVIEST, grams=SCALE_GRAMS)


def _states() -> str:
    rows = ((code(letter), STATES[state].label, STATES[state].meaning) for state, letter in LETTERS.items())
    return table(("letter", "state", "meaning"), rows)


def _matrix() -> str:
    rows = ((code(name), class_name(name), _groups(need), str(need.days) if need.groups else "") for name, need in matrix().items())
    return table(("class", "in words", "needs", "days"), rows)


def _groups(need: Need) -> str:
    groups = (" or ".join(code(proof) for proof in group) for group in need.groups)
    return "; and ".join(groups) or "nothing"


def _standings() -> str:
    return table(("standing", "meaning"), ((one.label, sentence(one.meaning)) for one in STANDINGS.values()))


def _windows() -> str:
    rows = ((code(proof), proof_name(proof), _span(*WINDOWS[proof])) for proof in PROOFS if proof in WINDOWS)
    rest = codes(proof for proof in PROOFS if proof not in WINDOWS)
    return table(("proof", "in words", "days"), rows) + f"\n\nWithout a window: {rest}."


def _span(first: int, last: int) -> str:
    return f"{_days(first)} to {_days(last)}"


def _days(number: int) -> str:
    if not number:
        return "the same day"
    return f"{abs(number)} day{'s' if abs(number) > 1 else ''} {'before' if number < 0 else 'after'}"

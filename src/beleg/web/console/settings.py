"""How the console is set up: where it is reached, its secret, and which sections are on."""

import re
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from beleg.audit.result import AuditResult
from beleg.facts.told import ToldError
from beleg.report.figures import LOCALE, minor
from beleg.web.oidc import Provider
from beleg.weigh.weights import Weights


class Hour(Struct, frozen=True):
    """What an hour of a person's work costs, in minor units."""

    amount: int
    currency: str


_HOUR = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,4})?) ?(?P<currency>[A-Z]{3})", re.ASCII)


def hour_cost(said: str) -> Hour | None:
    """What an hour costs, from a text such as ``48.50 EUR``; nothing from an empty one.

    Raises:
        ToldError: it is no amount of money, or finer than the currency has coins for.
    """
    if not said.strip():
        return None
    found = _HOUR.fullmatch(said.strip())
    amount = minor(Decimal(found["number"]), found["currency"]) if found and found["currency"] in LOCALE.currencies else None
    if found is None or amount is None:
        raise ToldError(
            "what an hour costs",
            got=repr(said),
            expected="an amount and its currency, such as 48.50 EUR",
            mend="correct it, or leave it empty",
        )
    return Hour(amount, found["currency"])


class ConsoleSettings(Struct, frozen=True, kw_only=True):
    """The console's settings.

    Attributes:
        origin: what people open, such as http://localhost:8000; passkeys are bound to it.
        key: the service's secret, from which cookies, form tokens and second readings are signed.
        pseudonyms: the key pseudonyms are made with, the same as the audit's.
        answer: the newest audit's answer at the start, if there is one, for the arithmetic behind its findings.
        backtest: the file that `beleg backtest --json` wrote, read anew whenever somebody looks.
        policies: the files of the policies in force, and of those tried beside them.
        second_readings: the share of outcomes that a second person reads.
        weights: the weights in force, as the setting names them; none where no gate is thought of, as in the demo.
        hour: what an hour of work on cases costs, for the page on the programme; none where nobody said.
        wait_hours: how long a new passkey waits where no second administrator can agree to it.
        company: where people of the company sign in, if that is set up.
        staff: whether sections on staff are on; ask your works council first.
    """

    origin: str
    key: bytes
    pseudonyms: bytes
    answer: AuditResult | None = None
    backtest: Path | None = None
    policies: tuple[Path, ...] = ()
    second_readings: float = 0.1
    weights: Weights | None = None
    hour: Hour | None = None
    wait_hours: int = 24
    company: Provider | None = None
    staff: bool = False

    @property
    def wait(self) -> int:
        """The waiting time of a new passkey, in microseconds."""
        return self.wait_hours * 3_600_000_000

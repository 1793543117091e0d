"""How the console is set up: where it is reached, its secret, and which sections are on."""

from pathlib import Path

from msgspec import Struct

from beleg.audit.result import AuditResult


class ConsoleSettings(Struct, frozen=True, kw_only=True):
    """The console's settings.

    Attributes:
        origin: what people open, such as http://localhost:8000; passkeys are bound to it.
        key: the service's secret, from which cookies, form tokens and second readings are signed.
        pseudonyms: the key pseudonyms are made with, the same as the audit's.
        answer: the newest audit's answer, if there is one, for the arithmetic behind its findings.
        backtest: the file that `beleg backtest --json` wrote, read anew whenever somebody looks.
        policies: the files of the policies in force, and of those tried beside them.
        second_readings: the share of outcomes that a second person reads.
        staff: whether sections on staff are on; ask your works council first.
    """

    origin: str
    key: bytes
    pseudonyms: bytes
    answer: AuditResult | None = None
    backtest: Path | None = None
    policies: tuple[Path, ...] = ()
    second_readings: float = 0.1
    staff: bool = False

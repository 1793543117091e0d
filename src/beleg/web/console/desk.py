"""What the console knows at a moment: cases and operators folded from the ledger, brought up to date before every answer."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from secrets import token_hex
from typing import Any, Literal

from beleg.audit.settings import pseudonym
from beleg.cases import book
from beleg.cases.book import Book
from beleg.cases.sampling import Sampling
from beleg.facts.base import Fact
from beleg.facts.kinds.findings import Finding, FindingFact
from beleg.facts.kinds.gate import Decision, DeniedAttempt
from beleg.facts.kinds.operators import PersonalRead
from beleg.ledger.store.base import Unit
from beleg.web.console import directory
from beleg.web.console.directory import Directory
from beleg.web.console.ledger import Ledger
from beleg.web.console.rows import Rows

_FOLDED = frozenset((*book.TABLES, *directory.TABLES, "finding_facts", "personal_reads", "denied_attempts"))
_READS = 400  # the newest reads of personal data, and denied attempts, that the log page shows


Who = Literal["account", "staff"]


def now() -> int:
    """This moment, in microseconds UTC."""
    return time.time_ns() // 1000


def envelope() -> dict[str, Any]:
    """What every fact written here carries: an id of its own, and that it was known at once."""
    moment = now()
    return {
        "id": f"console-{token_hex(12)}", "source": "console", "occurred_at": moment, "ingested_at": moment, "known_at": moment,
    }  # fmt: skip


class Desk:
    """Cases, operators and pseudonyms, over one ledger.

    Args:
        ledger: where facts are kept.
        sampling: which outcomes are read twice.
        key: what pseudonyms are made with, the same as the audit's.
        rate: what a minor unit of a currency is worth, to put money of several in order.
    """

    def __init__(self, ledger: Ledger, sampling: Sampling, key: bytes, rate: Callable[[str], float]) -> None:
        self.ledger = ledger
        self.book = Book(sampling)
        self.rows = Rows(rate)
        self.directory = Directory()
        self.findings: dict[str, Finding] = {}
        self.decisions: dict[str, list[Decision]] = defaultdict(list)
        self.behind: dict[str, list[FindingFact]] = defaultdict(list)
        self.reads: list[Fact] = []
        self._names: dict[str, tuple[Who, str]] = {}
        self._key = key
        self._place = 0
        self._lock = asyncio.Lock()

    async def refresh(self) -> None:
        """Take in what was written since the last time."""
        async with self._lock:
            found = await self.ledger.since(_FOLDED, self._place)
            facts = [fact for _, fact in found]
            for fact in facts:
                if isinstance(fact, FindingFact):
                    self.behind[fact.finding_id].append(fact)
            for fact in facts:
                await self._fold(fact)
            self.rows.update(self.book)
            if found:
                self._place = found[-1][0] + 1

    async def append(self, *facts: Fact) -> None:
        """Write facts down together, and know them."""
        await self.ledger.commit(Unit(facts=facts))
        await self.refresh()

    def pseudonym(self, kind: str, name: str | None) -> str:
        """The name people see, remembered so that it leads back; rings and slices have no other."""
        if not name or kind not in {"account", "staff"}:
            return name or ""
        shown = pseudonym(self._key, kind, name)
        self._names[shown] = ("staff" if kind == "staff" else "account", name)
        return shown

    def known(self, kind: str, name: str) -> str:
        """The pseudonym of a name that was met; empty for one that never was."""
        shown = pseudonym(self._key, kind, name)
        return shown if shown in self._names else ""

    @property
    def size(self) -> int:
        """How many entries the log had when it was last looked at, as far as the console reads them."""
        return self._place

    def behind_name(self, shown: str) -> tuple[Who, str] | None:
        """The kind and the name behind a pseudonym that was met; none for one that never was."""
        return self._names.get(shown)

    async def _fold(self, fact: Fact) -> None:
        if isinstance(fact, Finding):
            self.findings[fact.id] = fact
            accounts = await self._accounts(fact)
            self._meet("account", accounts)
            self._meet("staff", [fact.subject] if fact.subject_kind == "staff" else [])
            self.book.add(fact, accounts)
        elif isinstance(fact, Decision):
            self.decisions[fact.slice_id].append(fact)
            self._meet("account", [fact.account_id])
            self.book.add(fact)
        elif isinstance(fact, PersonalRead | DeniedAttempt):
            self.reads = [*self.reads[-_READS + 1 :], fact]
        else:
            self.book.add(fact)
            self.directory.add(fact)

    def _meet(self, kind: str, names: Iterable[str | None]) -> None:
        for name in names:
            self.pseudonym(kind, name)

    async def _accounts(self, finding: Finding) -> list[str | None]:
        """The accounts behind a finding: by its order, or by the facts it rests on."""
        if finding.subject_kind == "account":
            return [finding.subject]
        if finding.subject_kind in {"slice", "refund"}:
            return await self._owners(finding.subject.partition("/")[0])
        if finding.subject_kind == "ring":
            return [name for link in await self.links(finding.id) for name in [getattr(link, "account_id", None)]]
        return []

    async def links(self, finding_id: str) -> list[Fact]:
        """The identifiers that a finding rests on, which tie accounts to each other."""
        return [
            fact for one in self.behind.get(finding_id, ()) for fact in await self.ledger.where("identifiers", "id", one.fact_id)
        ]

    async def _owners(self, order: str) -> list[str | None]:
        return [getattr(fact, "account_id", None) for fact in await self.ledger.where("orders", "order_id", order)]

"""What the console knows at a moment: cases and operators folded from the ledger, brought up to date before every answer."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from secrets import token_hex
from typing import Any, Literal

from beleg.audit.settings import pseudonym
from beleg.cases import book
from beleg.cases.book import Book
from beleg.cases.sampling import Sampling
from beleg.facts.base import Fact
from beleg.facts.kinds.cases import WeightsProposal
from beleg.facts.kinds.findings import Finding, FindingFact
from beleg.facts.kinds.gate import Decision, DeniedAttempt
from beleg.facts.kinds.operators import PersonalRead
from beleg.facts.kinds.orders import Order
from beleg.ledger.store.base import Unit
from beleg.web.console import directory
from beleg.web.console.directory import Directory
from beleg.web.console.ledger import Ledger
from beleg.web.console.links import Link, links
from beleg.web.console.requests import Requests
from beleg.web.console.rows import Rows
from beleg.web.console.shadow import Shadows

_FOLDED = frozenset((*book.TABLES, *directory.TABLES, "finding_facts", "personal_reads", "denied_attempts", "weights_proposals"))
_ASKED = 5_000  # how many values are asked for at once
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
        self.findings: dict[tuple[str, str], list[Finding]] = defaultdict(list)
        self.decisions: dict[str, list[Decision]] = defaultdict(list)
        self.behind: dict[str, list[FindingFact]] = defaultdict(list)
        self.requests = Requests()
        self.shadows = Shadows()
        self.proposal: WeightsProposal | None = None
        self.reads: deque[Fact] = deque(maxlen=_READS)
        self._names: dict[str, tuple[Who, str]] = {}
        self._key = key
        self._early: list[Fact] = []
        self._place = 0
        self._lock = asyncio.Lock()

    async def refresh(self) -> None:
        """Take in what was written since the last time.

        A ring whose facts are not there yet waits for them: without them nobody knows whom it joins.
        """
        async with self._lock:
            facts = [*self._early, *await self._news()]
            for fact in facts:
                if isinstance(fact, FindingFact):
                    self.behind[fact.finding_id].append(fact)
            self._early = [fact for fact in facts if self._too_early(fact)]
            owners = await self._owners([fact for fact in facts if isinstance(fact, Finding)])
            for fact in facts:
                if not self._too_early(fact):
                    self._fold(fact, owners)
            self.rows.update(self.book)

    async def _news(self) -> list[Fact]:
        found: list[Fact] = []
        end = await self.ledger.end()
        while part := await self.ledger.since(_FOLDED, self._place):
            found += [fact for _, fact in part]
            self._place = part[-1][0] + 1
        # what lies between is of no concern here, and is not to be passed over again before every page
        self._place = max(self._place, end)
        return found

    def _too_early(self, fact: Fact) -> bool:
        return isinstance(fact, Finding) and fact.subject_kind == "ring" and fact.id not in self.behind and fact.status == "open"

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

    def _fold(self, fact: Fact, owners: Mapping[str, Sequence[str]]) -> None:
        if isinstance(fact, Finding):
            self.findings[fact.subject_kind, fact.subject].append(fact)
            accounts = owners.get(fact.id, ())
            self._meet("account", accounts)
            self._meet("staff", [fact.subject] if fact.subject_kind == "staff" else [])
            self.book.add(fact, accounts)
        elif isinstance(fact, Decision):
            self.decisions[fact.slice_id].append(fact)
            self.requests.add(fact)
            self.shadows.add(fact)
            self._meet("account", [fact.account_id])
            self.book.add(fact)
        elif isinstance(fact, PersonalRead | DeniedAttempt):
            self.reads.append(fact)
        elif isinstance(fact, WeightsProposal):
            self.proposal = fact
        else:
            self.book.add(fact)
            self.directory.add(fact)

    def _meet(self, kind: str, names: Iterable[str | None]) -> None:
        for name in names:
            self.pseudonym(kind, name)

    async def _owners(self, found: Sequence[Finding]) -> dict[str, list[str]]:
        """The accounts behind findings, by finding: their orders' or, for rings, those of the identifiers they rest on."""
        slices = {one.id: order_of(one.subject) for one in found if one.subject_kind in {"slice", "refund"}}
        customers: dict[str, list[str]] = defaultdict(list)
        for order in await self._among("orders", "order_id", slices.values()):
            if isinstance(order, Order) and order.account_id:
                customers[order.order_id].append(order.account_id)
        owners = {name: customers.get(order, []) for name, order in slices.items()}
        owners |= {one.id: [one.subject] for one in found if one.subject_kind == "account"}
        for one in found:
            if one.subject_kind == "ring":
                owners[one.id] = [link.account for link in await self.links(one.id)]
        return owners

    async def links(self, finding_id: str) -> list[Link]:
        """What ties the accounts of a ring's finding."""
        return await links(self._among, self.behind.get(finding_id, ()))

    async def _among(self, table: str, column: str, values: Iterable[str]) -> list[Fact]:
        wanted = sorted(set(values))
        parts = [wanted[start : start + _ASKED] for start in range(0, len(wanted), _ASKED)]
        return [fact for part in parts for fact in await self.ledger.among(table, column, part)]


def order_of(slice_id: str) -> str:
    """The order a slice belongs to."""
    return slice_id.partition("/")[0]

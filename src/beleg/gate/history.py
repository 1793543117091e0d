"""A policy tried on history: every refund that was paid is asked about again, as of the moment before it was paid."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from msgspec import Meta, Struct

from beleg.facts.base import table_of
from beleg.facts.schema import arrow_schemas
from beleg.gate.claim import Claim
from beleg.gate.decide import Gate
from beleg.gate.decision import Decision
from beleg.gate.moment import unknown
from beleg.gate.prove import known, shown
from beleg.gate.stated import stated
from beleg.ledger.engines.base import Engine
from beleg.ledger.view import View
from beleg.proofs.coverage import DAY, Coverage
from beleg.proofs.dossier import Dossier

# How long after it was asked for a refund is looked at again, in days, to see how long an honest one would have waited.
LATER = (1, 3, 7, 14, 28)

NOTE = (
    "No refund here is labelled. Who is honest is estimated: supported by the audit at the end of the period counts as honest, "
    "a gap as money that should have stayed. Sources, persons and sessions are judged by the whole period."
)

Progress = Callable[[str, float], None]


class Share(Struct, frozen=True):
    """A number of refunds and their money, in minor units of each currency."""

    refunds: int = 0
    money: dict[str, int] = {}


class Backtest(Struct, frozen=True, kw_only=True):
    """What a policy would have changed."""

    policy: str
    weights: str
    asked: Annotated[Share, Meta(description="refunds that were paid, chargebacks left out")]
    answers: Annotated[dict[str, Share], Meta(description="what the policy would have said before each was paid")]
    rules: Annotated[dict[str, Share], Meta(description="by the rule that spoke")]
    guards: Annotated[dict[str, int], Meta(description="how often each guard fired")]
    saved: Annotated[Share, Meta(description="estimate: not released at once, and without its proofs at the end of the period")]
    paid_anyway: Annotated[Share, Meta(description="estimate: released, and without its proofs at the end of the period")]
    honest: Annotated[Share, Meta(description="estimate: supported at the end of the period")]
    honest_waiting: Annotated[dict[str, int], Meta(description="estimate: honest refunds not released by so many days after")]
    honest_with_a_person: Annotated[int, Meta(description="estimate: honest refunds that a person would have had to look at")]
    estimates: str = NOTE


class Past(Struct, frozen=True):
    """A refund that was paid, as the claim it would have been: when it was paid, and how it stands at the end of the period."""

    claim: Claim
    at: int
    standing: str


Moment = Callable[[Past], int]


def replay(engine: Engine, gate: Gate, coverage: Coverage, as_of: int, progress: Progress) -> Backtest:
    """Ask about every refund again.

    Args:
        engine: with the facts attached and `proofs.dossier.prepare` done.
        gate: the policy and the weights.
        coverage: what is known of the sources.
        as_of: the end of the period, in microseconds.
        progress: called with what is being done and the share done.
    """
    progress("proving the end of the period", 0.0)
    past = paid(Dossier(View(engine, as_of=as_of, keeping=True), coverage, as_of))
    replayer = Replayer(engine, gate, coverage)
    first = replayer.decided(past, _before, lambda share: progress("asking before each refund", 0.1 + 0.4 * share))
    waiting: dict[str, int] = {}
    held = [one for one in past if first[one.claim.slice_id].answer != "release" and one.standing == "supported"]
    for number, days in enumerate(LATER):
        progress(f"looking again {days} days later", 0.5 + 0.5 * number / len(LATER))
        again = replayer.decided(held, partial(_before, later=days * DAY))
        held = [one for one in held if again[one.claim.slice_id].answer != "release"]
        waiting[str(days)] = len(held)
    return _summed(gate, past, first, waiting)


_TAKEN = (
    "slice_id", "order_id", "line_id", "thread", "rma_id", "claim_id", "quantity", "amount", "currency", "account_id",
    "refund_class", "claim_kind", "trigger", "first_at", "refunded_at", "standing",
)  # fmt: skip


def _before(one: Past, later: int = 0) -> int:
    """The moment before it was paid, when its own payment was not known yet; or so long after that."""
    return one.at - 1 + later


def paid(dossier: Dossier) -> list[Past]:
    """The refunds that were paid, chargebacks left out, in the order of their payment."""
    t = dossier.states
    wanted = (t.amount > 0) & t.refunded_at.notnull() & t.order_id.notnull() & (t.refund_class != "chargeback")
    rows = dossier.view.rows(t.filter(wanted).select(*_TAKEN)).to_pylist()
    in_order = sorted(rows, key=lambda row: (row["refunded_at"], row["slice_id"]))
    return [Past(_claim(row), row["refunded_at"], row["standing"]) for row in in_order]


def _claim(row: Mapping[str, Any]) -> Claim:
    return Claim(
        refund_id=row["thread"],
        order_id=row["order_id"],
        line_id=row["line_id"],
        rma_id=row["rma_id"],
        claim_id=row["claim_id"],
        quantity=row["quantity"],
        amount=row["amount"],
        currency=row["currency"] or "EUR",
        trigger=row["trigger"] or "manual",
        stated_class=row["refund_class"],
        claim_kind=row["claim_kind"],
        account_id=row["account_id"],
    )


class Replayer:
    """Asks about refunds again, on one engine by one policy."""

    def __init__(self, engine: Engine, gate: Gate, coverage: Coverage) -> None:
        self._engine, self._gate, self._coverage = engine, gate, coverage

    def decided(
        self, past: Sequence[Past], moment: Moment, progress: Callable[[float], None] = lambda _share: None
    ) -> dict[str, Decision]:
        """Each refund's answer as of a moment of its own (microseconds), by slice."""
        decisions: dict[str, Decision] = {}
        rounds = _rounds(past)
        for number, one_each in enumerate(rounds):
            moments = {one.claim.order_id: moment(one) for one in one_each}
            found = self._shown(moments)
            found |= self._told(moments, [one.claim for one in one_each if one.claim.slice_id not in found])
            for one in one_each:
                at = moments[one.claim.order_id]
                row = found.get(one.claim.slice_id)
                # once it is known, the refund itself is what is asked about, and has not gone back before
                slice_ = known(row, own=one.claim.amount if one.at <= at else 0) if row else unknown(one.claim, self._coverage, at)
                decisions[one.claim.slice_id] = self._gate.decide(one.claim, slice_, at)
            progress((number + 1) / len(rounds))
        return decisions

    def _told(self, moments: Mapping[str, int], claims: Sequence[Claim]) -> dict[str, dict[str, Any]]:
        """The same for requests of which nothing told before: the gate would have kept each as a fact of its own."""
        facts: dict[str, list[dict[str, Any]]] = {}
        for claim in claims:
            at = moments[claim.order_id]
            cancelled = self._cancelled.get(claim.order_id, at + 1) <= at
            if (fact := stated(claim, claim.line_id, at, cancelled=cancelled)) is not None:
                facts.setdefault(table_of(type(fact)), []).append(msgspec.to_builtins(fact))
        if not facts:
            return {}
        for table, rows in facts.items():
            self._engine.load(f"stated_{table}", pa.Table.from_pylist(rows, schema=arrow_schemas()[table]))
        return self._shown({claim.order_id: moments[claim.order_id] for claim in claims}, facts)

    @cached_property
    def _cancelled(self) -> Mapping[str, int]:
        """The orders of which something was cancelled, and when that was first known."""
        cancellations = self._engine.table("cancellations")
        first = cancellations.group_by("order_id").agg(at=cancellations.known_at.fill_null(0).min())
        return {row["order_id"]: row["at"] for row in self._engine.rows(first).to_pylist()}

    def _shown(self, moments: Mapping[str, int], assumed: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
        table = pa.table({"order_id": list(moments), "moment": pa.array(moments.values(), pa.int64())})
        self._engine.load("moments", table)
        view = View(self._engine, moments=self._engine.table("moments"), keeping=True)
        for name in assumed:
            view.assume(name, self._engine.table(f"stated_{name}"))
        return {row["slice_id"]: row for row in view.rows(shown(view, self._coverage)).to_pylist()}


def _rounds(past: Sequence[Past]) -> list[list[Past]]:
    """Refunds so that no round has two of one order, since an order is known as of one moment at a time."""
    seen: Counter[str] = Counter()
    rounds: list[list[Past]] = []
    for one in past:
        place = seen[one.claim.order_id]
        seen[one.claim.order_id] += 1
        if place == len(rounds):
            rounds.append([])
        rounds[place].append(one)
    return rounds


def _summed(gate: Gate, past: Sequence[Past], first: Mapping[str, Decision], waiting: dict[str, int]) -> Backtest:
    both = [(one, first[one.claim.slice_id]) for one in past]
    honest = [(one, said) for one, said in both if one.standing == "supported"]
    gaps = [(one, said) for one, said in both if one.standing == "gap"]
    codes = [reason.code for _, said in both for reason in said.reasons]
    guards = Counter(code.removeprefix("guard:") for code in codes if code.startswith("guard:"))
    return Backtest(
        policy=gate.policy.name,
        weights=gate.scale.weights.version,
        asked=_share(past),
        answers={word: _share(one for one, said in both if said.answer == word) for word in ("release", "hold", "review")},
        rules=_by_rule(both),
        guards=dict(sorted(guards.items())),
        saved=_share(one for one, said in gaps if said.answer != "release"),
        paid_anyway=_share(one for one, said in gaps if said.answer == "release"),
        honest=_share(one for one, _ in honest),
        honest_waiting={"0": sum(said.answer != "release" for _, said in honest)} | waiting,
        honest_with_a_person=sum(said.answer == "review" for _, said in honest),
    )


def _by_rule(both: Sequence[tuple[Past, Decision]]) -> dict[str, Share]:
    names = sorted({said.rule or "no rule" for _, said in both})
    return {name: _share(one for one, said in both if (said.rule or "no rule") == name) for name in names}


def _share(past: Iterable[Past]) -> Share:
    refunds, money = 0, Counter[str]()
    for one in past:
        refunds += 1
        money[one.claim.currency] += one.claim.amount
    return Share(refunds, dict(sorted(money.items())))

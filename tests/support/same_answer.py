"""Live, in backtest and after an audit: the same facts at the same moment give the same decision, to the last reason."""

import random
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow as pa

from beleg.gate.claim import Claim
from beleg.gate.decide import Gate
from beleg.gate.decision import Decision
from beleg.gate.moment import Known
from beleg.gate.prove import known, shown
from beleg.ledger.engines import open_engine
from beleg.ledger.view import SCOPE_MARK, View
from beleg.proofs.coverage import DAY
from beleg.proofs.dossier import prepare
from beleg.world import WorldParameters, write_world


class Ways:
    """One world's facts, on the audit's engine and on the store's.

    Args:
        gate: the policy and the weights.
        postgres: the address of an empty database's owner.
        parameters: the world.
    """

    def __init__(self, gate: Gate, postgres: str, parameters: WorldParameters, work: Path) -> None:
        files: dict[str, list[Path]] = defaultdict(list)
        write_world(work / "world", parameters)
        for path in (work / "world").glob("*.parquet"):
            files[path.stem].append(path)
        self._gate = gate
        self.audit, self.live = open_engine("duckdb", work / "d"), open_engine("postgres", work / "p", postgres)
        for engine in (self.audit, self.live):
            engine.attach_facts(files)
        self._coverage = prepare(self.audit)
        assert self._coverage == prepare(self.live)
        (last,) = self.audit.rows(self.audit.table("refunds").agg(at=lambda t: t.known_at.max())).to_pylist()
        self.last: int = last["at"]

    def hold(self, now: int, sample: int) -> Counter[str]:
        """Ask about every slice by audit and by backtest, and about so many orders live; how often each answer was given."""
        audited = self._decided(View(self.audit, as_of=now, keeping=True), now)
        orders = sorted({one.split("/")[0] for one in audited if not one.startswith("/")})
        moments = pa.table({"order_id": orders, "moment": pa.array([now] * len(orders), pa.int64())})
        self.audit.load("moments", moments)
        replayed = self._decided(View(self.audit, moments=self.audit.table("moments"), keeping=True), now)
        assert replayed == {name: one for name, one in audited.items() if name in replayed}
        assert len(replayed) >= 0.9 * len(audited)
        self._ask_live(orders[:: max(1, len(orders) // sample)], audited, now)
        return Counter(one.answer for one in audited.values())

    def _ask_live(self, orders: list[str], audited: dict[str, Decision], now: int) -> None:
        view = View(self.live, as_of=now, order_id=SCOPE_MARK)
        expression = shown(view, self._coverage)
        statement = view.sql(expression)
        for order in orders:
            rows = self.live.backend.con.execute(statement.replace("$1", f"'{order}'").encode()).fetchall()
            for one in (known(dict(zip(expression.columns, row, strict=True))) for row in rows):
                assert self._gate.decide(claim_of(one), one, now) == audited[one.slice_id]

    def _decided(self, view: View, now: int) -> dict[str, Decision]:
        found = [known(row) for row in view.rows(shown(view, self._coverage)).to_pylist()]
        return {one.slice_id: self._gate.decide(claim_of(one), one, now) for one in found}

    def close(self) -> None:
        """Let go of both."""
        self.audit.close()
        self.live.close()


def claim_of(slice_: Known) -> Claim:
    """A claim for all that is left of the slice's line, so that what was paid and what went back matters."""
    left = (slice_.paid or 5000) - slice_.gone
    return Claim(
        refund_id="R", order_id=slice_.order_id, amount=max(1, left), currency=slice_.currency or "EUR", trigger="on_receipt",
        stated_class=slice_.refund_class,
    )  # fmt: skip


def hold(gate: Gate, postgres: str, parameters: WorldParameters, *, moments: int, sample: int) -> Counter[str]:
    """Hold the three ways to one answer over a world, at so many moments drawn by its seed; how often each answer was given.

    Args:
        gate: the policy and the weights.
        postgres: the address of an empty database's owner.
        parameters: the world.
        moments: how many moments are asked about.
        sample: how many orders are asked about live at each.
    """
    chance = random.Random(parameters.seed)
    with tempfile.TemporaryDirectory() as made:
        ways = Ways(gate, postgres, parameters, Path(made))
        try:
            drawn = [ways.last - chance.randrange(5, 90) * DAY for _ in range(moments)]
            return sum((ways.hold(now, sample) for now in drawn), Counter[str]())
        finally:
            ways.close()

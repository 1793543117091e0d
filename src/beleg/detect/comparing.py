"""Turns what was counted into what is said: by peers, by queues, by pairs; and names the facts behind it."""

from typing import Any

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from beleg.detect import acts
from beleg.detect.judged import FEWEST_PEERS, JUDGED, NUMBERS, Judged
from beleg.kernels.meetings import meet
from beleg.kernels.peers import hold
from beleg.kernels.repeats import repeat
from beleg.kernels.shared import share
from beleg.proofs.dossier import Dossier


def by_peers(counted: pa.Table, lenience: float = 1.0) -> Judged:
    """Held against peers of the same strata; `counted` and `lenience` as `kernels.peers.hold` reads them."""
    held, too_few = hold(counted, FEWEST_PEERS, lenience)
    more = held.filter(pc.greater(held["observed"], held["expected"]))
    numbers = _numbers(more, too_few) if pa.types.is_integer(counted["subject"].type) else NUMBERS.empty_table()
    return Judged(rows=_rows(more), tests=held.num_rows, too_few=too_few, numbers=numbers)


def _numbers(held: pa.Table, too_few: tuple[str, ...]) -> pa.Table:
    """The numbers that stand for those who are spoken of, and for the strata they are held in."""
    subjects = pc.unique(pa.chunked_array([*held["subject"].chunks, pa.array(too_few, pa.string())]))
    parts = [("subject", subjects), ("stratum", pc.unique(held["stratum"]))]
    return pa.concat_tables(pa.table([pa.repeat(what, len(one)), one.cast(pa.int64())], schema=NUMBERS) for what, one in parts)


def buyers_named(dossier: Dossier, numbers: ir.Table) -> ir.Table:
    """Accounts and strata behind their numbers: what, number, kind (empty), name."""
    people, kinds = acts.buyers(dossier), acts.strata(dossier).select("number", "stratum").distinct()
    subjects = people.semi_join(numbers.filter(numbers.what == "subject"), "number").select(
        "number", what=ibis.literal("subject"), kind=ibis.literal(""), name="account_id"
    )
    strata = kinds.semi_join(numbers.filter(numbers.what == "stratum"), "number").select(
        "number", what=ibis.literal("stratum"), kind=ibis.literal(""), name="stratum"
    )
    return ibis.union(subjects, strata.select(*subjects.columns), distinct=False)


def buyers_spoken(judged: Judged, names: pa.Table) -> Judged:
    """With accounts and strata where numbers stand."""
    known = {(what, str(number)): name for what, number, name in zip(*(names[one].to_pylist() for one in _NAMED), strict=True)}
    rows = judged.rows
    for column in ("subject", "stratum"):
        said = pa.array([known[column, str(one)] for one in rows[column].to_pylist()], pa.string())
        rows = rows.set_column(rows.schema.get_field_index(column), column, said)
    return msgspec.structs.replace(judged, rows=rows, too_few=tuple(known["subject", one] for one in judged.too_few))


_NAMED = ("what", "number", "name")


def by_meetings(shown: pa.Table, stratum: str) -> Judged:
    """Held against the chance of bringing two together; `shown` as `kernels.meetings.meet` reads it, with peers.

    Rows with too few peers are left out, and subjects that have no other rows are told.
    """
    enough = shown.filter(pc.field("peers") >= FEWEST_PEERS)
    everybody, compared = (set(map(str, table["subject"].to_pylist())) for table in (shown, enough))
    too_few = everybody - compared
    met, pairs = meet(enough)
    most = enough.group_by(["subject", "counterpart"]).aggregate([("peers", "max")]).rename_columns({"peers_max": "peers"})
    more = met.filter(pc.greater(met["observed"], met["expected"])).join(most, ["subject", "counterpart"])
    more = more.sort_by([("subject", "ascending"), ("counterpart", "ascending")])
    return Judged(rows=_rows(more, stratum, "log2_e"), tests=pairs, too_few=tuple(sorted(too_few)))


def by_shared(counted: pa.Table) -> Judged:
    """Held against what others share; `counted` as `kernels.shared.share` reads it; a subject's most telling entity speaks."""
    found, pairs = share(counted)
    kept = found.filter(pc.field("peers") >= FEWEST_PEERS)
    best = kept.sort_by([("p", "ascending"), ("subject", "ascending"), ("entity", "ascending")])
    first = list({name: row for row, name in reversed(list(enumerate(best["subject"].to_pylist())))}.values())
    rows = best.take(pa.array(sorted(first), pa.int64()))
    return Judged(rows=_rows(rows, "all that customers use"), tests=pairs)


def by_repeats(counted: pa.Table) -> Judged:
    """Held against how rarely it befalls honest people at all; `counted` as `repeats` gives it."""
    compared = counted.filter(pc.field("people") > FEWEST_PEERS)
    alone = counted.filter(pc.field("people") <= FEWEST_PEERS)
    tests = pc.max(counted["tests"]).as_py() or 0
    too_few = set(map(str, alone["subject"].to_pylist()))
    return Judged(rows=_rows(repeat(compared)), tests=tests, too_few=tuple(sorted(too_few)))


def _rows(table: pa.Table, stratum: str | None = None, daily: str | None = None) -> pa.Table:
    """A kernel's answer as `JUDGED`; what it does not say is empty."""
    size = table.num_rows
    said: dict[str, Any] = {name: table[name] for name in table.column_names}
    if stratum is not None:
        said["stratum"] = pa.repeat(stratum, size)
    if daily is not None:
        said["log2_daily"] = table[daily]
    columns = [said.get(field.name, pa.nulls(size, field.type)).cast(field.type) for field in JUDGED]
    return pa.Table.from_arrays(columns, schema=JUDGED)


def repeats(acts: ir.Table) -> ir.Table:
    """Subjects to whom something telling happened, occasion by occasion, as `kernels.repeats.repeat` reads them; and the tests.

    Args:
        acts: subject, stratum, occasion, and millibits, empty where nothing tells.
    """
    t = acts.group_by(["subject", "stratum", "occasion"]).agg(
        trials=acts.count(), hits=acts.millibits.count(), millibits=acts.millibits.min().fill_null(0)
    )
    t = t.mutate(hit=(t.hits > 0).ifelse(1, 0), turn=ibis.row_number().over(ibis.window(group_by="subject", order_by="occasion")))
    own = ibis.window(group_by="subject")
    t = t.mutate(n=t.count().over(own), k=t.hit.sum().over(own), one=(t.turn == 0).ifelse(1, 0))
    group, then = ibis.window(group_by="stratum"), ibis.window(group_by=["stratum", "occasion"])
    t = t.mutate(
        there=t.count().over(then), struck=t.hit.sum().over(then), people=t.one.sum().over(group),
        hit_people=(t.k > 0).ifelse(t.one, 0).sum().over(group), occasions=t.count().over(group),
    )  # fmt: skip
    t = t.mutate(tests=(t.people > FEWEST_PEERS).ifelse(t.one, 0).sum().over(ibis.window()))
    return t.filter((t.k > 0) | (t.people <= FEWEST_PEERS)).drop("occasion", "hit", "turn", "one")


# A pair's chance is taken to be so many times what either shows elsewhere: people and customers differ.
_LENIENT = 2.0


def pairs(acts: ir.Table) -> ir.Table:
    """Acts lacking proofs that two did together, as `kernels.meetings.meet` reads them.

    The chance that one lacks is what the subject shows with everybody else, or what the counterpart shows with everybody else,
    or what all show, whichever is largest, and that doubled. So whoever lacks proofs everywhere has no pair, and whoever always
    works with the same colleague does not stand out by that.

    Args:
        acts: subject, counterpart, day, lacking; of what could be checked.
    """
    hit = acts.lacking.ifelse(1, 0)
    daily = acts.group_by(["subject", "counterpart", "day"]).agg(cases=acts.count(), met=hit.sum())
    both = daily.group_by(["subject", "counterpart"]).agg(n_both=daily.cases.sum(), h_both=daily.met.sum())
    one = daily.group_by("subject").agg(n_one=daily.cases.sum(), h_one=daily.met.sum())
    other = daily.group_by("counterpart").agg(n_other=daily.cases.sum(), h_other=daily.met.sum())
    every = daily.agg(n_all=daily.cases.sum(), h_all=daily.met.sum(), peers=daily.subject.nunique() - 1)
    t = daily.join(both, ["subject", "counterpart"]).join(one, "subject").join(other, "counterpart").cross_join(every)
    rest = (t.h_all - t.h_both + 1.0) / (t.n_all - t.n_both + 2.0)
    mine = (t.h_one - t.h_both + 2.0 * rest) / (t.n_one - t.n_both + 2.0)
    theirs = (t.h_other - t.h_both + 2.0 * rest) / (t.n_other - t.n_both + 2.0)
    share = ibis.least(_LENIENT * ibis.greatest(rest, mine, theirs), 0.999999)
    return t.select("subject", "counterpart", "cases", "met", "peers", occasion="day", share=share)


def facts_behind(acts: ir.Table, role: str) -> ir.Table:
    """Acts with subject, fact_id and slice_id as part of what a subject rests on."""
    return acts.select("subject", "fact_id", "slice_id", role=ibis.literal(role))


def with_refunds(dossier: Dossier, acts: ir.Table, role: str) -> ir.Table:
    """Acts with subject, fact_id and slice_id, and the refunds that paid for their slices."""
    paid = dossier.refund_facts.select("slice_id", refund="fact_id").join(acts.select("subject", "slice_id").distinct(), "slice_id")
    refunds = paid.select("subject", "slice_id", fact_id="refund")
    return ibis.union(facts_behind(acts, role), facts_behind(refunds, "refund"), distinct=False)

"""How often a person came to serve a ring's accounts, against its share of each queue on each day."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from beleg.detect import acts
from beleg.detect.comparing import by_meetings, facts_behind
from beleg.detect.judged import RING_MEMBERS, Judged
from beleg.proofs.dossier import Dossier

# A queue's shares are taken over a day where it has so many cases, else over a week, four weeks, or all.
_ENOUGH = 20
_STEPS = (1, 7, 28)


def count(dossier: Dossier) -> ir.Table:
    """Per person, ring, day and queue: the ring's cases of accounts the person had not served before, its share, and those met."""
    every = _queued(_served(dossier))
    loads = every.group_by(["queue", "person"]).agg(load=every.count())
    sizes = every.group_by("queue").agg(size=every.count())
    shares = loads.join(sizes, "queue").select("queue", subject="person", share=lambda t: t.load / t["size"])
    ringed = every.join(_members(dossier), "account_id").select(
        "ring", "account_id", "day", "queue", "peers", "fact_id", served_by="person"
    )
    first = ringed.group_by(["served_by", "account_id"]).agg(begun=ringed.day.min())
    shown = ringed.join(shares, "queue").left_join(
        first.rename(subject="served_by"), ["subject", "account_id"]
    ).drop("subject_right", "account_id_right")  # fmt: skip
    open_ = shown.filter(shown.begun.isnull() | (shown.day <= shown.begun))
    grouped = open_.group_by(["subject", "ring", "day", "queue"]).agg(
        cases=open_.fact_id.nunique(),
        share=open_.share.max(),
        met=(open_.served_by == open_.subject).ifelse(1, 0).sum(),
        peers=open_.peers.max(),
    )
    return grouped.rename(counterpart="ring", occasion="day")


def judge(shown: pa.Table) -> Judged:
    """By the queue's chance."""
    return by_meetings(shown, "the same queue on the same day")


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The person's acts for the ring's accounts."""
    mine = named.select("subject", person="member", ring="counterpart").distinct()
    return facts_behind(_served(dossier).join(_members(dossier), "account_id").join(mine, ["person", "ring"]), "served")


def _members(dossier: Dossier) -> ir.Table:
    return dossier.view.prepared(RING_MEMBERS).rename(account_id="account").distinct()


def _served(dossier: Dossier) -> ir.Table:
    """Receipts and approvals: person, account_id, slice_id, fact_id, day, crew, stratum."""
    columns = ("person", "account_id", "slice_id", "fact_id", "day", "crew", "stratum")
    parts = {"receipts": acts.received(dossier), "approvals": acts.approved(dossier)}
    named = [
        part.select(*columns).mutate(crew=part.crew + f", {name}", stratum=part.stratum + f", {name}")
        for name, part in parts.items()
    ]
    return ibis.union(*named, distinct=False)


def _queued(served: ir.Table) -> ir.Table:
    """With the queue: the stratum, for as long a time as it takes to see what a person's share of it is.

    Routing is held by the queue: whoever works it meets its cases by their share of it, however few they are. Who is held against
    whom is the crew, all who do this work at this site in this shift, of whatever category.
    """
    sizes = served.group_by("stratum").agg(n=served.count(), span=served.day.max() - served.day.min() + 1)
    crews = served.group_by("crew").agg(peers=served.person.nunique() - 1)
    t = served.join(sizes, "stratum").join(crews, "crew")
    step = ibis.cases(*((t.n * days >= _ENOUGH * t.span, days) for days in _STEPS), else_=100_000)
    return t.mutate(queue=t.stratum + ", " + (t.day // step).cast("int64").cast("string")).drop("n", "span")

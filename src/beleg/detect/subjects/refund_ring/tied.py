"""Accounts and what they share as numbers, so that names stay in the engine; what can link nobody is only counted."""

import ibis
import ibis.expr.types as ir

from beleg.detect.ties import BY_GAPS, ties
from beleg.proofs.dossier import Dossier

# What a row of what is counted says.
TIE, GAP_TIE, OWN, GAP_OWN, OTHERS, REFUNDS = range(6)


def held(dossier: Dossier) -> ir.Table:
    """Things by who has them: account, kind, entity, n.

    A thing that several accounts show has a row with the account empty; those that one account has alone are counted in a row of
    this account, the entity empty and the kind too, unless it is that of what refunds without proofs met.
    """
    return dossier.view.step("held_things", lambda _: _held(dossier))


def _held(dossier: Dossier) -> ir.Table:
    t = dossier.view.step("tied_things", lambda _: _tied(dossier))
    alone = t["first"] == t["last"]
    t = t.mutate(
        account=alone.ifelse(t["first"], ""),
        kind=(alone & t.kind.notin(BY_GAPS)).ifelse("", t.kind),
        entity=alone.ifelse("", t.entity),
    )
    return t.group_by(["account", "kind", "entity"]).agg(n=t.count())


def _tied(dossier: Dossier) -> ir.Table:
    """Every thing with the first and the last of its accounts; kept by itself, as two sums at a time would take too much memory."""
    every = ties(dossier)
    return every.group_by(["kind", "entity"]).agg(first=every.account.min(), last=every.account.max())


def things(dossier: Dossier) -> ir.Table:
    """Things that several accounts show: kind, entity, number, in the order of kinds and entities."""
    return dossier.view.step(
        "shared_things", lambda _: _numbered(held(dossier).filter(lambda t: t.account == ""), "kind", "entity")
    )


def links(dossier: Dossier) -> ir.Table:
    """Who shows them: account, thing (its number), by_gaps (whether refunds without proofs met it); each once."""
    return dossier.view.step("shared_links", lambda _: _links(dossier))


def _links(dossier: Dossier) -> ir.Table:
    t = ties(dossier).join(things(dossier), ["kind", "entity"])
    return t.select("account", thing="number", by_gaps=t.kind.isin(BY_GAPS)).distinct()


def people(dossier: Dossier, refunds: ir.Table) -> ir.Table:
    """Accounts that share anything, were refunded, or of whom a refund without proofs tells: account, number, in their order."""
    alone = held(dossier).filter(lambda t: (t.account != "") & (t.kind != ""))
    parts = (part.select("account") for part in (links(dossier), refunds, alone))
    return _numbered(ibis.union(*parts, distinct=True), "account")


def _numbered(t: ir.Table, *by: str) -> ir.Table:
    number = ibis.row_number().over(ibis.window(order_by=list(by))).cast("int64")
    return t.select(*by, number=number)


def numbered(dossier: Dossier, refunds: ir.Table, numbers: ir.Table) -> ir.Table:
    """Everything in numbers: what, account, other, n, bad, told.

    Args:
        dossier: what is known.
        refunds: account, day, n, bad, told.
        numbers: of accounts, as `people` gives them.
    """
    ours = numbers.select("account", "number")
    tied = links(dossier).join(ours, "account")
    ties = _rows(tied, tied.by_gaps.ifelse(GAP_TIE, TIE), tied.number, tied.thing, 1)
    every = held(dossier).filter(lambda t: t.account != "").left_join(ours, "account")
    mine = every.filter(every.number.notnull())
    own = _rows(mine, (mine.kind == "").ifelse(OWN, GAP_OWN), mine.number, ibis.null("int64"), mine.n)
    rest = every.filter(every.number.isnull()).group_by("n").agg(accounts=lambda t: t.count())
    others = _rows(rest, OTHERS, ibis.null("int64"), rest.n, rest.accounts)
    paid = refunds.join(ours, "account")
    told_of = paid.select("n", "bad", "told", what=ibis.literal(REFUNDS, "int64"), account="number", other=paid.day)
    return ibis.union(ties, own, others, told_of.select(*ties.columns), distinct=False)


def _rows(t: ir.Table, what: ir.Value | int, account: ir.Value, other: ir.Value, n: ir.Value | int) -> ir.Table:
    numbers = {"what": what, "account": account, "other": other, "n": n, "bad": 0, "told": 0}
    said = {name: ibis.literal(one) if isinstance(one, int) else one for name, one in numbers.items()}
    return t.select(**{name: one.cast("int64") for name, one in said.items()})

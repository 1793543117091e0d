"""What people did, ready to be held against peers: receipts and approvals by person, order lines by account."""

import ibis
import ibis.expr.types as ir

from beleg.proofs.dossier import Dossier

DAY = 86_400_000_000

# Whoever began less than this before is held against others who did.
NEW_DAYS = 90

ARRIVAL = ("delivered_at_site", "dock_manifested")
AFTERWARDS = ("put_away", "counted_or_resold")


def roster(dossier: Dossier) -> ir.Table:
    """One row per person: person, home (site), role, shift, since."""
    people = dossier.view.prepared("people")
    staff = dossier.table("staff").drop("person").join(people, "login")
    return staff.group_by("person").agg(
        home=staff.site.min(), role=staff.role.min(), shift=staff.shift.min(), since=staff.valid_from.min()
    )


def received(dossier: Dossier) -> ir.Table:
    """Receipts by persons on the roster.

    person, slice_id, account_id, fact_id, at, day, session, crew, stratum, checked, lacking; checked: whether any source could say
    that the goods arrived or where they went; lacking: none says that they did, and one says that they did not. One that saw them
    is enough: who put goods away without a label to arrive by has the goods.
    """
    return dossier.view.step("acts_received", lambda _: _received(dossier))


def _received(dossier: Dossier) -> ir.Table:
    states = dossier.states.select("slice_id", "account_id", "category", *ARRIVAL, *AFTERWARDS)
    receipts = dossier.receipts.filter(dossier.receipts.person.notnull() & dossier.receipts["at"].notnull())
    receipts = receipts.select("slice_id", "fact_id", "at", "person", "session", "site", "entry_mode", "order_id", "actor")
    t = _placed(receipts.join(states, "slice_id"), dossier)
    letters = [t[name] for name in (*ARRIVAL, *AFTERWARDS)]
    seen, missed = (ibis.or_(*(one.isin(states) for one in letters)) for states in (("T",), ("A", "C")))
    return t.mutate(checked=seen | missed, lacking=missed & ~seen).drop(*ARRIVAL, *AFTERWARDS)


def approved(dossier: Dossier) -> ir.Table:
    """Approvals by persons on the roster, one row per slice paid for.

    person, requester (a person, or empty), slice_id, account_id, fact_id, at, day, amount, crew, stratum, checked, lacking;
    lacking: the refund's required proofs are absent or contradicted.
    """
    return dossier.view.step("acts_approved", lambda _: _approved(dossier))


def _approved(dossier: Dossier) -> ir.Table:
    people = dossier.view.prepared("people")
    refunds = dossier.table("refunds").select("approver", "session", asked="requester", fact_id="id", at="occurred_at")
    refunds = refunds.join(people.rename(approver="login"), "approver")
    asking = people.select(asked="login", requester="person")
    refunds = refunds.left_join(asking, "asked").drop("asked_right").filter(lambda t: t["at"].notnull())
    paid = dossier.refund_facts.select("slice_id", "fact_id", "amount")
    states = dossier.states.select("slice_id", "account_id", "category", "standing", site="place_site")
    t = _placed(paid.join(refunds, "fact_id").join(states, "slice_id"), dossier)
    return t.mutate(checked=t.standing.isin(("supported", "gap")), lacking=t.standing == "gap").drop("standing")


def _placed(t: ir.Table, dossier: Dossier) -> ir.Table:
    """With day, crew (the same site and shift), and stratum: the crew's work in one category, newcomers apart."""
    t = t.left_join(roster(dossier), "person").drop("person_right")
    t = t.mutate(day=(t["at"] // DAY).cast("int64"))
    new = (t["at"] - t.since < NEW_DAYS * DAY).fill_null(False)
    place = ibis.coalesce(t.site, t.home, "any site")
    shift = t["shift"].fill_null("any shift")
    words = place + ", " + t.category.fill_null("any category") + ", " + shift
    return t.mutate(crew=place + ", " + shift, stratum=words + new.ifelse(", new here", ""))


def counted(acts: ir.Table) -> ir.Table:
    """Acts (person, stratum, day, lacking) as `kernels.peers.hold` reads them; an occasion is a day."""
    grouped = acts.group_by(["person", "stratum", "day"]).agg(trials=acts.count(), hits=acts.lacking.ifelse(1, 0).sum())
    return grouped.rename(subject="person", occasion="day")


def headers(dossier: Dossier) -> ir.Table:
    """One row per order: order_id, a number that only it has (number), whose it is (owner), channel, season (by the quarter)."""
    return dossier.view.step("order_headers", lambda _: _headers(dossier))


def _headers(dossier: Dossier) -> ir.Table:
    orders = dossier.table("orders")
    t = orders.group_by("order_id").agg(owner=orders.account_id.max(), channel=orders.channel.min(), at=orders.occurred_at.min())
    season = (t["at"] // (91 * DAY)).cast("int64")
    # in the order of names, so that sums are taken in the same order whatever order the facts lie in
    number = ibis.row_number().over(ibis.window(order_by="order_id")).cast("int64")
    return t.select("order_id", "owner", "channel", number=number, season=season)


def lines(dossier: Dossier, of: ir.Table | None = None) -> ir.Table:
    """Order lines by account: account_id, order_id, line_id, category; with the order's number, channel and season.

    Args:
        dossier: what is known.
        of: only lines of these accounts (account_id), if they are few.
    """
    every = dossier.table("order_lines").select("order_id", "line_id", "account_id", "category")
    if of is not None:
        theirs = headers(dossier).semi_join(of, headers(dossier).owner == of.account_id)
        mine = every.semi_join(of, "account_id")
        every = ibis.union(mine, every.filter(every.account_id.isnull()).semi_join(theirs, "order_id"), distinct=False)
    t = every.join(headers(dossier), "order_id")
    return t.mutate(account_id=ibis.coalesce(t.account_id, t.owner)).drop("owner").filter(lambda t: t.account_id.notnull())


def buyers(dossier: Dossier) -> ir.Table:
    """A number for every account that bought: account_id, number, in the order of accounts."""
    return dossier.view.step("buyers", lambda _: _buyers(dossier))


def _buyers(dossier: Dossier) -> ir.Table:
    own, owners = dossier.table("order_lines").select("account_id"), headers(dossier).select(account_id="owner")
    every = ibis.union(own, owners, distinct=True).filter(lambda t: t.account_id.notnull())
    return every.mutate(number=ibis.row_number().over(ibis.window(order_by="account_id")).cast("int64"))


def strata(dossier: Dossier) -> ir.Table:
    """A number for those who buy the same category in the same channel and season: category, channel, season, stratum, number."""
    return dossier.view.step("strata", lambda _: _strata(dossier))


def _strata(dossier: Dossier) -> ir.Table:
    sold = dossier.table("order_lines").select("category").distinct()
    t = sold.cross_join(headers(dossier).select("channel", "season").distinct())
    words = t.category.fill_null("any category") + ", " + t.channel.fill_null("any channel") + ", season "
    t = t.mutate(stratum=words + t.season.cast("string").fill_null("unknown"))
    return t.mutate(number=ibis.dense_rank().over(ibis.window(order_by="stratum")).cast("int64"))


def bought(dossier: Dossier) -> ir.Table:
    """What accounts bought, in numbers: subject (`buyers`), stratum (`strata`), occasion (an order), trials (lines), refunded."""
    return dossier.view.step("acts_bought", lambda _: _bought(dossier))


def _bought(dossier: Dossier) -> ir.Table:
    t, kinds, people = lines(dossier), strata(dossier), buyers(dossier)
    t = t.rename(occasion="number").join(people.select("account_id", subject="number"), "account_id")
    same = [t[name].identical_to(kinds[name]) for name in ("category", "channel", "season")]
    t = t.join(kinds.select("category", "channel", "season", place="number"), same)
    back = refunded(dossier).select("order_id", "line_id").distinct().mutate(back=1)
    t = t.left_join(back, ["order_id", "line_id"])
    return t.group_by("subject", "occasion", stratum="place").agg(trials=t.count(), refunded=t.back.fill_null(0).sum())


def refunded(dossier: Dossier) -> ir.Table:
    """Lines that money went back for: slice_id, order_id, line_id."""
    return dossier.states.filter(dossier.states.amount > 0).select("slice_id", "order_id", "line_id")

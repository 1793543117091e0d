"""What shows of all accounts over the year: links of rings and closures; and the truth about who plays which part."""

import numpy as np

from beleg.world.book import Stamp
from beleg.world.chunk import Setting
from beleg.world.columns import Flags, Hex, Key, Word, digest, share_of
from beleg.world.draws import DAY
from beleg.world.rings import STRANGERS
from beleg.world.society import KINDS
from beleg.world.staff import INSPECTION, RECEIVING, person_key

_SEEN = ("order", "claim", "support", "refund")
_REASONS = ("refund abuse", "unpaid invoice", "at the customer's wish", "duplicate account")


def write_members(setting: Setting) -> None:
    """Write what shows over the year, and tell the truth about everybody's part."""
    _link(setting)
    _staff_as_customers(setting)
    _close(setting)
    _tell_rings(setting)
    _tell_staff(setting)
    _tell_honest(setting)


def _link(setting: Setting) -> None:
    """Everything that rings share or hide behind turns up on their accounts sooner or later."""
    for links in (setting.shop.rings.links, setting.shop.rings.hidden):
        where = Word(_SEEN, links.account % len(_SEEN))
        setting.book.add(
            "identifiers", Stamp(links.when, "identity"), account_id=Key("K", links.account), kind=Word(KINDS, links.kind),
            value=Hex(links.value), seen_in=where,
        )  # fmt: skip


def _staff_as_customers(setting: Setting) -> None:
    """Staff who buy here give the phone number that the personnel office has; so does an insider who is in a ring."""
    shop, staff = setting.shop, setting.staff
    people = np.arange(len(staff.people.site))
    buys = people[share_of(digest(shop.seed, "buys", people)) < shop.parameters.staff_customers]
    account = (share_of(digest(shop.seed, "as buyer", buys)) * shop.old_accounts).astype(np.int64)
    m = shop.rings.members
    second = np.flatnonzero(np.roll(m.recruiter, 1)) if len(m.ring) else np.empty(0, dtype=np.int64)
    insiders = staff.ring_insiders[m.ring[second], 0]
    who, whose = np.concatenate([buys, insiders]), np.concatenate([account, m.account[second]])
    when = shop.opened(whose) + DAY
    setting.book.add("identifiers", Stamp(when, "identity"), account_id=Key("K", whose), kind="phone",
                     value=Hex(digest(shop.seed, "contact", who)), seen_in="order")  # fmt: skip
    setting.truth.tell("account", Key("K", account), "staff's own", "", shop.opened(account))


def _close(setting: Setting) -> None:
    """The shop closes accounts: some of a ring's, and a few for reasons of another kind."""
    shop, m = setting.shop, setting.shop.rings.members
    banned = m.back_as >= 0
    luck = share_of(digest(shop.seed, "closed", np.arange(shop.society.accounts)))
    others = np.flatnonzero(luck < shop.parameters.closed_rate)
    span = shop.end - shop.start
    when = np.concatenate([m.until[banned], shop.start + (share_of(digest(shop.seed, "closing", others)) * span).astype(np.int64)])
    account = np.concatenate([m.account[banned], others])
    why = np.concatenate([np.zeros(int(banned.sum()), dtype=np.int64), others % 3 + 1])
    # Nobody is closed before having come.
    when = np.maximum(when, shop.opened(account) + DAY)
    setting.book.add("restrictions", Stamp(when, "shop", recorded=when), account_id=Key("K", account), action="closed",
                     reason=Word(_REASONS, why))  # fmt: skip


def _tell_rings(setting: Setting) -> None:
    rings = setting.shop.rings
    m, names = rings.members, rings.names
    back = m.back_as >= 0
    parts: tuple[tuple[str, Flags], ...] = (
        ("customer", ~m.fresh & ~m.recruiter), ("made", m.fresh & ~np.isin(m.account, m.back_as)), ("recruiter", m.recruiter),
        ("lent", m.lent), ("banned", back), ("returned", np.isin(m.account, m.back_as)),
    )  # fmt: skip
    for role, rows in parts:
        setting.truth.tell("account", Key("K", m.account[rows]), role, Word(names, m.ring[rows]), m.since[rows])
    paid = setting.shop.crowd.reviewers
    setting.truth.tell("account", Key("K", paid), "paid reviewer", "", setting.shop.opened(paid))


def _tell_staff(setting: Setting) -> None:
    staff, p, rings = setting.staff, setting.shop.parameters, setting.shop.rings
    colleagues = STRANGERS + np.arange(rings.count)
    crew = (
        ("insider", staff.ring_insiders),
        ("phished", staff.ring_victims),
        ("desk pair", staff.pairs),
        ("former colleague", colleagues),
    )
    for role, who in crew:
        per = who.reshape(rings.count, -1).shape[1] if rings.count else 1
        number = np.repeat(np.arange(rings.count), per)
        setting.truth.tell("staff", person_key(who.reshape(-1)), role, Word(rings.names, number), rings.begins[number])
    lone = (("insider", staff.insiders), ("phished", staff.victims), ("duty collapse", staff.soloists))
    if p.fraud and p.mix:
        for role, who in lone:
            setting.truth.tell("staff", person_key(who), role, "", np.full(len(who), setting.shop.start))
    if p.crooked(p.padded):
        setting.truth.tell("staff", person_key(np.array([staff.padder])), "padder", "", np.array([setting.shop.start]))


def _tell_honest(setting: Setting) -> None:
    """The decoys: honest people and groups whose records look like something."""
    shop, staff = setting.shop, setting.staff
    for group in shop.society.groups:
        name = Key(f"{group.name}-", group.number, 9, plain=True)
        setting.truth.tell("account", Key("K", group.accounts), group.name, name, np.full(len(group.accounts), shop.start))
    everyone = np.arange(shop.society.accounts)
    moved = everyone[shop.society.moved(everyone)[0]]
    for role, accounts in (("reseller", np.unique(shop.crowd.resellers)), ("mover", moved)):
        setting.truth.tell("account", Key("K", accounts), role, "", np.full(len(accounts), shop.start))
    people = staff.people
    floor = np.isin(people.role, (RECEIVING, INSPECTION))
    trainees = np.flatnonzero(people.trainee & floor)
    for role, who in (
        ("trainee", trainees),
        ("problem desk", staff.first_on_duty()),
        ("several logins", np.flatnonzero(people.second >= 0)),
    ):
        setting.truth.tell("staff", person_key(who), role, "", np.full(len(who), shop.start))

"""Peers in a few words: many returns alike, handled in turn by so many people for so many customers."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from support.ledgers import Ledger, Row, joined, read


class Returns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many returns, one after the other.

    In names ``{n}`` is the return's number and ``{turn}`` whose turn of `people` it is. every: hours between them; days: how long
    before the case's date the first was received. complete: whether dock, shelf and carrier saw the goods; lacking_every: every so
    many-th was seen by nobody; labelled: whether dock and carrier could read it. amounts: taken in turn. viewed: seconds before
    the receipt that its receiver opened the return; queued: whether it was given out. instrument: where refunds go, orders being
    paid with the account's own card; changed: days before the receipt that the account's credentials were. device: what the
    customer writes to support from, after signing in from a device of the account's own; signed: hours before that it signed in
    from the same. claim: the kind of a claim in place of a return; ``none`` is an order that was kept.
    """

    times: int
    every: float = 6.0
    days: float = 100.0
    people: int = 12
    receiver: str = "receiver {turn}"
    approver: str = "clerk {turn}"
    requester: str = "agent {n}"
    account: str = "A{n}"
    instrument: str = ""
    site: str = "RC1"
    category: str = "shoes"
    complete: bool = True
    lacking_every: int = 0
    labelled: bool = True
    amounts: Sequence[int] = (10_000,)
    viewed: int = 0
    queued: bool = True
    session: str = ""
    claim: str = ""
    device: str = ""
    signed: float = 0.0
    changed: float = 0.0


def staff(people: int, contacts: Sequence[str] = (), site: str = "RC1") -> Ledger:
    """So many receivers, clerks and agents of one site and shift, known for years; `contacts`: whose contact is known."""
    rows = [
        {"id": f"{role} {number} is", "login": f"{role} {number}", "person": f"{role} {number}", "site": site, "role": role,
         "shift": "early", "team": f"{role}s", "valid_from": datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
         "contact": f"hash of {role} {number}" if f"{role} {number}" in contacts else ""}
        for role in ("receiver", "clerk", "agent") for number in range(people)
    ]  # fmt: skip
    return read({"staff": rows})


def returns(kind: Returns, label: str, as_of: datetime) -> Ledger:
    """The facts of these returns; the first one's ids begin with the label and 0."""
    return joined(*_each(kind, label, as_of))


def _each(kind: Returns, label: str, as_of: datetime) -> Iterator[Ledger]:
    for n in range(kind.times):
        at = as_of - timedelta(days=kind.days) + timedelta(hours=kind.every * n)
        name = f"{label}-{n}"
        lacking = not kind.complete or bool(kind.lacking_every and n % kind.lacking_every == kind.lacking_every - 1)
        rows = _claim(kind, name, n, at) if kind.claim else _return(kind, name, n, at)
        rows |= _customer(kind, n, at)
        if lacking:
            rows = {table: found for table, found in rows.items() if table not in {"dock_arrivals", "dispositions", "scans"}}
        if not kind.labelled:
            rows = {table: found for table, found in rows.items() if table not in {"dock_arrivals", "scans"}}
        given = {"order_id": f"{name} O", "account_id": kind.account.format(n=n, turn=n % kind.people), "site": kind.site}
        given |= {"rma_id": "" if kind.claim else f"{name} R"}
        named = {table: [{"id": f"{name} {table}", **row} for row in found] for table, found in rows.items()}
        yield read(named, given)


def _order(kind: Returns, n: int, at: datetime, paid: int) -> Row:
    card = f"card {kind.account.format(n=n, turn=n % kind.people)}" if kind.instrument else ""
    return {"at": at - timedelta(days=12), "paid": paid, "payment": card}


def _return(kind: Returns, name: str, n: int, at: datetime) -> dict[str, list[Row]]:
    def who(text: str) -> str:
        return text.format(n=n, turn=n % kind.people)

    paid = kind.amounts[n % len(kind.amounts)]
    session = who(kind.session) or f"{name} receive"
    parcel = {"parcel_id": f"{name} back"}
    rows: dict[str, list[Row]] = {
        "orders": [_order(kind, n, at, paid)],
        "order_lines": [{"article": "boot", "paid": paid, "category": kind.category}],
        "return_authorisations": [{"at": at - timedelta(days=6)}],
        "parcels": [{"at": at - timedelta(days=6), "direction": "return", "to_postcode": "04109", "to_site": kind.site, **parcel}],
        "scans": [{"at": at - timedelta(hours=9), "status": "delivered", "postcode": "04109", "attested": True, **parcel}],
        "dock_arrivals": [{"at": at - timedelta(hours=4), "actor": "dockhand", "session": f"{name} dock", **parcel}],
        "receipts": [{"at": at, "entry_mode": "scan", "lpn": f"{name} L", "actor": who(kind.receiver), "session": session}],
        "dispositions": [{"at": at + timedelta(hours=5), "kind": "restock", "lpn": f"{name} L", "actor": "stower"}],
        "refunds": [
            {"at": at + timedelta(hours=8), "refund_id": f"{name} F", "amount": paid, "trigger": "on_receipt",
             "requester": who(kind.requester), "approver": who(kind.approver), "instrument": who(kind.instrument)}
        ],
    }  # fmt: skip
    if kind.viewed:
        looked = {"at": at - timedelta(seconds=kind.viewed), "login": who(kind.receiver), "action": "view", "queued": kind.queued}
        rows["staff_actions"] = [looked]
    return rows


def _customer(kind: Returns, n: int, at: datetime) -> dict[str, list[Row]]:
    """What the customer does: signs in, writes to support, changes credentials."""
    account = kind.account.format(n=n, turn=n % kind.people)
    rows: dict[str, list[Row]] = {}
    if kind.device:
        used = kind.device.format(n=n, turn=n % kind.people)
        rows["sign_ins"] = [{"at": at - timedelta(days=2), "outcome": "success", "device": f"own {account}"}]
        if kind.signed:
            before = at - timedelta(days=1, hours=kind.signed)
            once = {"id": f"{account} {n} signs in", "at": before, "outcome": "success", "device": used}
            rows["sign_ins"].append(once)
        rows["support_contacts"] = [{"at": at - timedelta(days=1), "device": used, "channel": "chat"}]
    if kind.changed:
        rows["sign_ins"] = [{"at": at - timedelta(days=kind.changed), "outcome": "factor_changed"}]
    return rows


def _claim(kind: Returns, name: str, n: int, at: datetime) -> dict[str, list[Row]]:
    paid = kind.amounts[n % len(kind.amounts)]
    rows: dict[str, list[Row]] = {
        "orders": [_order(kind, n, at, paid)],
        "order_lines": [{"article": "boot", "paid": paid, "category": kind.category}],
    }
    if kind.claim != "none":
        claimed: dict[str, Any] = {"claim_id": f"{name} C"}
        rows["claims"] = [{"at": at, "kind": kind.claim, **claimed}]
        refund = {"at": at + timedelta(hours=8), "refund_id": f"{name} F", "amount": paid, **claimed}
        rows["refunds"] = [{**refund, "instrument": kind.instrument.format(n=n, turn=n % kind.people)}]
    return rows

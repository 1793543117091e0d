"""One fact in one line of plain words, for the timeline of a refund."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Facts = Mapping[str, Any]
Name = Callable[[str, str | None], str]


class _Line(NamedTuple):
    """What is said of a fact, and the columns that it mentions."""

    mentions: tuple[str, ...]
    says: Callable[[Facts, Name], str]


def describe(table: str, row: Facts, name: Name) -> str:
    """What a fact says; `name` turns accounts and logins into pseudonyms, or into nothing where staff are not to be shown."""
    return _LINES[table].says(row, name) if table in _LINES else table.replace("_", " ")


def mentioned(table: str) -> tuple[str, ...]:
    """The columns that a line of a timeline mentions: a table of facts is read as fast as it is narrow."""
    return ("id", "occurred_at", "origin", *(_LINES[table].mentions if table in _LINES else ()))


def _by(row: Facts, name: Name, field: str = "actor") -> str:
    who = name("staff", row.get(field))
    return f" by {who}" if who else ""


def _weight(row: Facts) -> str:
    return f", {row['weight']:,} g" if row.get("weight") is not None else ""


def _receipt(row: Facts, name: Name) -> str:
    how = {"scan": "scanned", "keyed": "typed in", "api": "sent by a program", "import": "imported"}[row["entry_mode"]]
    return f"Receipt of {row['quantity']} at {row['site']}, {how}{_by(row, name)}"


def _scan(row: Facts, name: Name) -> str:
    del name
    place = f" at {row['postcode']}" if row.get("postcode") else ""
    says = "" if row["attested"] else " (the shop's word)"
    return f"Carrier {row['carrier']}: {row['status'].replace('_', ' ')}{place}{_weight(row)}{says}"


def _refund(row: Facts, name: Name) -> str:
    trigger = f", set off {row['trigger'].replace('_', ' ')}" if row.get("trigger") else ""
    return f"Refund {row['refund_id']}{trigger}{_by(row, name, 'approver')}"


def _account(row: Facts, name: Name) -> str:
    who = name("account", row.get("account_id"))
    return f" by {who}" if who else ""


_LINES: Mapping[str, _Line] = {
    "orders": _Line(("account_id",), lambda row, name: f"Order placed{_account(row, name)}"),
    "order_lines": _Line(
        ("quantity", "title", "article"), lambda row, _: f"Bought {row['quantity']} x {row['title'] or row['article']}"
    ),
    "identifiers": _Line(
        ("kind", "account_id"), lambda row, name: f"{row['kind'].capitalize()} seen on {name('account', row.get('account_id'))}"
    ),
    "cancellations": _Line((), lambda *_: "Cancelled before dispatch"),
    "parcels": _Line(
        ("direction", "carrier"),
        lambda row, _: f"Label made, {'back' if row['direction'] == 'return' else 'out'} with {row['carrier']}",
    ),
    "scans": _Line(("carrier", "status", "postcode", "weight", "attested"), _scan),
    "dock_arrivals": _Line(("site", "weight"), lambda row, _: f"On the dock manifest of {row['site']}{_weight(row)}"),
    "return_authorisations": _Line(
        ("quantity", "actor"), lambda row, name: f"Return of {row['quantity']} authorised{_by(row, name)}"
    ),
    "receipts": _Line(("entry_mode", "quantity", "site", "actor"), _receipt),
    "inspections": _Line(
        ("site", "result", "actor"),
        lambda row, name: f"Inspected at {row['site']}: {row['result'].replace('_', ' ')}{_by(row, name)}",
    ),
    "dispositions": _Line(
        ("kind", "site", "actor"), lambda row, name: f"{row['kind'].capitalize()} at {row['site']}{_by(row, name)}"
    ),
    "stock_counts": _Line(("site", "found"), lambda row, _: f"Count at {row['site']}: {'found' if row['found'] else 'not found'}"),
    "resales": _Line((), lambda *_: "Sold again"),
    "activations": _Line(("kind",), lambda row, _: f"The maker says: {row['kind'].replace('_', ' ')}"),
    "status_claims": _Line(("source", "status"), lambda row, _: f"{row['source']} claims the status '{row['status']}'"),
    "refund_requests": _Line(
        ("refund_id", "requester"), lambda row, name: f"Refund {row['refund_id']} asked for{_by(row, name, 'requester')}"
    ),
    "refunds": _Line(("refund_id", "trigger", "approver"), _refund),
    "replacements": _Line(("quantity",), lambda row, _: f"Replacement of {row['quantity']} sent"),
    "disputes": _Line(("status", "reason"), lambda row, _: f"Dispute {row['status']}: {row['reason'].replace('_', ' ')}"),
    "claims": _Line(("kind",), lambda row, _: f"Claim: {row['kind'].replace('_', ' ')}"),
    "claim_documents": _Line(("kind",), lambda row, _: f"Document handed in: {row['kind'].replace('_', ' ')}"),
}

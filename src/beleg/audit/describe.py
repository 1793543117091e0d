"""One fact in one line of plain words, for the timeline of a refund."""

from collections.abc import Callable, Mapping
from typing import Any

Facts = Mapping[str, Any]
Name = Callable[[str, str | None], str]


def describe(table: str, row: Facts, name: Name) -> str:
    """What a fact says; `name` turns accounts and logins into pseudonyms, or into nothing where staff are not to be shown."""
    return _SAYS[table](row, name) if table in _SAYS else table.replace("_", " ")


def mentioned(table: str) -> tuple[str, ...]:
    """The columns that a line of a timeline mentions: a table of facts is read as fast as it is narrow."""
    return ("id", "occurred_at", "origin", *_MENTIONS.get(table, ()))


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


_SAYS: Mapping[str, Callable[[Facts, Name], str]] = {
    "orders": lambda row, name: f"Order placed{_account(row, name)}",
    "order_lines": lambda row, _: f"Bought {row['quantity']} x {row['title'] or row['article']}",
    "identifiers": lambda row, name: f"{row['kind'].capitalize()} seen on {name('account', row.get('account_id'))}",
    "cancellations": lambda *_: "Cancelled before dispatch",
    "parcels": lambda row, _: f"Label made, {'back' if row['direction'] == 'return' else 'out'} with {row['carrier']}",
    "scans": _scan,
    "dock_arrivals": lambda row, _: f"On the dock manifest of {row['site']}{_weight(row)}",
    "return_authorisations": lambda row, name: f"Return of {row['quantity']} authorised{_by(row, name)}",
    "receipts": _receipt,
    "inspections": lambda row, name: f"Inspected at {row['site']}: {row['result'].replace('_', ' ')}{_by(row, name)}",
    "dispositions": lambda row, name: f"{row['kind'].capitalize()} at {row['site']}{_by(row, name)}",
    "stock_counts": lambda row, _: f"Count at {row['site']}: {'found' if row['found'] else 'not found'}",
    "resales": lambda *_: "Sold again",
    "activations": lambda row, _: f"The maker says: {row['kind'].replace('_', ' ')}",
    "status_claims": lambda row, _: f"{row['source']} claims the status '{row['status']}'",
    "refund_requests": lambda row, name: f"Refund {row['refund_id']} asked for{_by(row, name, 'requester')}",
    "refunds": _refund,
    "replacements": lambda row, _: f"Replacement of {row['quantity']} sent",
    "disputes": lambda row, _: f"Dispute {row['status']}: {row['reason'].replace('_', ' ')}",
    "claims": lambda row, _: f"Claim: {row['kind'].replace('_', ' ')}",
    "claim_documents": lambda row, _: f"Document handed in: {row['kind'].replace('_', ' ')}",
}


_MENTIONS: Mapping[str, tuple[str, ...]] = {
    "orders": ("account_id",),
    "order_lines": ("quantity", "title", "article"),
    "identifiers": ("kind", "account_id"),
    "parcels": ("direction", "carrier"),
    "scans": ("carrier", "status", "postcode", "weight", "attested"),
    "dock_arrivals": ("site", "weight"),
    "return_authorisations": ("quantity", "actor"),
    "receipts": ("entry_mode", "quantity", "site", "actor"),
    "inspections": ("site", "result", "actor"),
    "dispositions": ("kind", "site", "actor"),
    "stock_counts": ("site", "found"),
    "activations": ("kind",),
    "status_claims": ("source", "status"),
    "refund_requests": ("refund_id", "requester"),
    "refunds": ("refund_id", "trigger", "approver"),
    "replacements": ("quantity",),
    "disputes": ("status", "reason"),
    "claims": ("kind",),
    "claim_documents": ("kind",),
}


def _account(row: Facts, name: Name) -> str:
    who = name("account", row.get("account_id"))
    return f" by {who}" if who else ""

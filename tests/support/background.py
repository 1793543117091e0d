"""The shop around a case: complete honest returns, so that carriers, docks and warehouse are known to be live there and then."""

from datetime import UTC, datetime, timedelta
from typing import Any

from support.ledgers import Ledger, Row, joined, read

STAFF = ("dockhand", "receiver", "second receiver", "inspector", "stower", "counter", "agent", "clerk", "lead")
CARRIERS = ("Swift", "Heron")
RETURNS = 6
BUSY_DAYS, BUSY_PARCELS = 100, 5


def roster() -> list[Row]:
    """One login a person."""
    return [
        {"id": f"bg staff {number}", "login": name, "person": f"person {number}", "team": f"team {number % 3}"}
        for number, name in enumerate(STAFF, 1)
    ]


def shop(as_of: datetime) -> Ledger:
    """Six honest returns, ten days apart, the last a month before; one damaged, one lost and one cancelled order besides."""
    returns = [_return(number, as_of - timedelta(days=80 - 10 * number)) for number in range(RETURNS)]
    return joined(read({"staff": roster()}), *returns, _claims(as_of - timedelta(days=50)))


def busy(as_of: datetime, outages: list[Any]) -> Ledger:
    """Enough daily traffic of Swift and RC1 to tell an outage from a quiet day; it has gaps where the outages say so."""
    days = [as_of - timedelta(days=back) for back in range(BUSY_DAYS, 0, -1)]
    rows: dict[str, list[Row]] = {"scans": [], "dock_arrivals": [], "dispositions": []}
    for day in days:
        silent = {outage.place for outage in outages if outage.first <= day.date() <= outage.last}
        for number in range(BUSY_PARCELS):
            parcel = {"parcel_id": f"busy {day:%m%d} {number}", "at": day.replace(hour=9, minute=number)}
            if "Swift" not in silent:
                rows["scans"].append({**parcel, "status": "accepted", "weight": 1000, "attested": True})
                rows["scans"].append({**parcel, "status": "delivered", "postcode": "04109", "attested": True})
            if "RC1" not in silent:
                rows["dock_arrivals"].append({**parcel, "actor": "dockhand"})
                rows["dispositions"].append({"at": parcel["at"], "order_id": parcel["parcel_id"], "kind": "restock"})
    named = {table: [{"id": f"busy {table} {n}", **row} for n, row in enumerate(found)] for table, found in rows.items()}
    return read(named)


def _return(number: int, day: datetime) -> Ledger:
    def at(days: int, hour: int) -> datetime:
        return datetime(day.year, day.month, day.day, hour, tzinfo=UTC) + timedelta(days=days)

    name = f"bg{number}"
    out, back, rma, lpn = f"{name} out", f"{name} back", f"{name} R", f"{name} L"
    carrier = {"carrier": CARRIERS[number % 2], "attested": True}
    serial = f"{name} S" if number < 3 else ""
    received = at(-1, 14)
    afterwards = {"stock_counts": [{"at": at(5, 9), "lpn": lpn, "found": True, "actor": "counter"}]}
    if number % 2:
        afterwards = {"resales": [{"at": at(6, 9), "lpn": lpn}]}
    rows: dict[str, list[Row]] = {
        "orders": [{"at": at(-12, 9), "paid": 10000}],
        "order_lines": [{"article": "kettle", "paid": 10000, "unit_weight": 1000, "serialised": bool(serial)}],
        "packed_serials": [{"at": at(-11, 9), "serial": serial}] if serial else [],
        "return_authorisations": [{"at": at(-6, 9)}],
        "parcels": [
            {"at": at(-11, 9), "parcel_id": out, "rma_id": "", "direction": "out", "to_postcode": "10115"},
            {"at": at(-6, 9), "parcel_id": back, "direction": "return", "to_postcode": "04109", "to_site": "RC1"},
        ],
        "scans": [
            {"at": at(-11, 18), "parcel_id": out, "status": "accepted", **carrier},
            {"at": at(-9, 11), "parcel_id": out, "status": "delivered", "postcode": "10115", **carrier},
            {"at": at(-4, 9), "parcel_id": back, "status": "accepted", "weight": 1100, **carrier},
            {"at": at(-1, 8), "parcel_id": back, "status": "delivered", "postcode": "04109", **carrier},
        ],
        "dock_arrivals": [{"at": at(-1, 10), "parcel_id": back, "actor": "dockhand", "session": f"{name} dock"}],
        "receipts": [
            {
                "at": received, "recorded": received + timedelta(minutes=2), "entry_mode": "scan", "serial": serial, "lpn": lpn,
                "actor": "receiver", "session": f"{name} receive",
            }
        ],
        "inspections": [{"at": at(-1, 16), "result": "match", "actor": "inspector", "session": f"{name} inspect"}],
        "dispositions": [{"at": at(0, 9), "kind": "restock", "lpn": lpn, "actor": "stower", "session": f"{name} stow"}],
        "refunds": [
            {"at": at(0, 12), "refund_id": f"{name} F", "amount": 10000, "trigger": "on_receipt", "requester": "agent",
             "approver": "clerk", "session": f"{name} pay"}
        ],
        **afterwards,
    }  # fmt: skip
    given = {"order_id": f"{name} O", "account_id": f"{name} A", "rma_id": rma, "carrier": CARRIERS[number % 2]}
    return _own_ids(name, rows, given)


def _claims(day: datetime) -> Ledger:
    """A damaged cup with its photo, a parcel the carrier lost, an order called off."""
    line = {"article": "cup", "paid": 900}
    damaged = {
        "orders": [{"at": day, "paid": 900}],
        "order_lines": [line],
        "claims": [{"at": day, "claim_id": "bgd C", "kind": "damaged"}],
        "claim_documents": [{"at": day, "claim_id": "bgd C", "kind": "photo", "content": "bgd photo"}],
        "refunds": [{"at": day, "refund_id": "bgd F", "claim_id": "bgd C", "amount": 900}],
    }
    lost = {
        "orders": [{"at": day, "paid": 900}],
        "order_lines": [line],
        "parcels": [{"at": day, "parcel_id": "bgl out", "direction": "out"}],
        "scans": [{"at": day, "parcel_id": "bgl out", "status": "accepted"}, {"at": day, "parcel_id": "bgl out", "status": "lost"}],
        "claims": [{"at": day, "claim_id": "bgl C", "kind": "not_received"}],
        "refunds": [{"at": day, "refund_id": "bgl F", "claim_id": "bgl C", "amount": 900}],
    }
    called_off = {
        "orders": [{"at": day, "paid": 900}],
        "order_lines": [line],
        "cancellations": [{"at": day}],
        "refunds": [{"at": day, "refund_id": "bgc F", "amount": 900}],
    }
    stories = {"bgd": damaged, "bgl": lost, "bgc": called_off}
    return joined(*(_own_ids(name, rows, {"order_id": f"{name} O", "account_id": f"{name} A"}) for name, rows in stories.items()))


def _own_ids(name: str, rows: dict[str, list[Row]], given: Row) -> Ledger:
    named = {
        table: [{"id": f"{name} {table} {number}", **row} for number, row in enumerate(found)] for table, found in rows.items()
    }
    return read(named, given)

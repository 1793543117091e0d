"""A small shop told in facts: orders, returns, parcels, scans, docks, receipts, and who works there."""

import itertools
import time
from typing import Any

from beleg.facts.base import Fact
from beleg.facts.kinds.orders import Order, OrderLine
from beleg.facts.kinds.parcels import DockArrival, Parcel, Scan
from beleg.facts.kinds.returns import Inspection, Receipt, ReturnAuthorisation
from beleg.facts.kinds.staff import StaffMember

_numbers = itertools.count()
DAY = 86_400_000_000


def now() -> int:
    return time.time_ns() // 1000


def _envelope(**said: Any) -> dict[str, Any]:
    at = said.pop("at", None) or now() - 60_000_000
    return {"id": f"fact-{next(_numbers)}", "source": "shop", "occurred_at": at, "known_at": at} | said


def order(order_id: str, *, paid: int = 20000, postage: int = 0, account: str = "A1", **said: Any) -> tuple[Fact, ...]:
    at = said.pop("at", now() - 20 * DAY)
    return (
        Order(**_envelope(order_id=order_id, account_id=account, currency="EUR", paid=paid + postage, payment="card-1",
                          at=at) | said),
        OrderLine(**_envelope(order_id=order_id, line_id="1", account_id=account, article="kettle", quantity=1, paid=paid,
                              currency="EUR", unit_weight=1200, at=at)),
    )  # fmt: skip


def back(order_id: str, rma_id: str, **said: Any) -> tuple[Fact, ...]:
    """A return is agreed and its label made."""
    return (
        ReturnAuthorisation(**_envelope(order_id=order_id, line_id="1", rma_id=rma_id, quantity=1, site="RC1") | said),
        Parcel(**_envelope(order_id=order_id, rma_id=rma_id, parcel_id=f"{rma_id}-parcel", direction="return", carrier="Swift",
                           to_postcode="04109", to_site="RC1", declared_weight=1300)),
    )  # fmt: skip


def scan(rma_id: str, status: str = "delivered", **said: Any) -> Fact:
    return Scan(**_envelope(source="carrier", parcel_id=f"{rma_id}-parcel", carrier="Swift", status=status, attested=True,
                            postcode="04109", weight=1300) | said)  # fmt: skip


def dock(rma_id: str, **said: Any) -> Fact:
    return DockArrival(**_envelope(source="yard", parcel_id=f"{rma_id}-parcel", site="RC1", actor="login-3", session="s3") | said)


def receipt(order_id: str, rma_id: str, **said: Any) -> Fact:
    return Receipt(**_envelope(source="wms", order_id=order_id, line_id="1", rma_id=rma_id, quantity=1, site="RC1",
                               entry_mode="scan", actor="login-1", session="s1") | said)  # fmt: skip


def inspection(order_id: str, rma_id: str, **said: Any) -> Fact:
    return Inspection(**_envelope(source="wms", order_id=order_id, line_id="1", rma_id=rma_id, site="RC1", result="match",
                                  actor="login-2", session="s2") | said)  # fmt: skip


def roster() -> tuple[Fact, ...]:
    """Three people of three teams; the first has two logins."""
    rows = [("login-1", "P1", "returns"), ("login-1b", "P1", "stock"), ("login-2", "P2", "stock"), ("login-3", "P3", "yard")]
    at = now() - 300 * DAY
    return tuple(
        StaffMember(
            **_envelope(source="roster", login=login, person=person, team=team, site="RC1", contact=f"contact-{person}", at=at)
        )
        for login, person, team in rows
    )

"""One return of one lamp, complete in every proof; tests take a piece out of it or change one."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from beleg.ledger.engines import open_engine
from support.asking import Asker
from support.background import busy, shop
from support.cases import Outage
from support.ledgers import Row, joined, micros, read

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
SLICE = "O1/1/R1"


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=UTC)


def lamp(**changed: list[Row]) -> dict[str, list[Row]]:
    """The facts of the return by table; a table that is given takes the place of the usual one."""
    scan = {"parcel_id": "P2", "attested": True}
    usual: dict[str, list[Row]] = {
        "orders": [{"at": at(3, 20), "paid": 12000}],
        "order_lines": [{"article": "lamp", "paid": 12000, "unit_weight": 2000}],
        "return_authorisations": [{"at": at(4, 2)}],
        "parcels": [{"at": at(4, 2), "parcel_id": "P2", "direction": "return", "to_postcode": "04109", "to_site": "RC1"}],
        "scans": [
            {**scan, "at": at(4, 3), "status": "accepted", "weight": 2150},
            {**scan, "at": at(4, 5, 8), "status": "delivered", "postcode": "04109"},
        ],
        "dock_arrivals": [{"at": at(4, 5), "parcel_id": "P2", "actor": "dockhand", "session": "S1"}],
        "receipts": [{"at": at(4, 5, 14), "entry_mode": "scan", "lpn": "L1", "actor": "receiver", "session": "S2"}],
        "inspections": [{"at": at(4, 5, 16), "result": "match", "actor": "inspector", "session": "S3"}],
        "dispositions": [{"at": at(4, 6), "kind": "restock", "actor": "stower", "session": "S4"}],
        "refunds": [
            {"at": at(4, 6, 12), "refund_id": "F1", "amount": 12000, "trigger": "on_receipt", "requester": "agent",
             "approver": "clerk", "session": "S5"}
        ],
    }  # fmt: skip
    return usual | changed


@pytest.fixture(scope="session")
def asker(tmp_path_factory) -> Iterator[Asker]:
    engine = open_engine("duckdb", tmp_path_factory.mktemp("proofs"))
    yield Asker(engine)
    engine.close()


@pytest.fixture(scope="session")
def stand(asker: Asker) -> Callable[..., Row]:
    """How one slice of a small ledger stands."""

    def states(
        tables: dict[str, list[Row]],
        slice_id: str = SLICE,
        *,
        as_of: datetime = AS_OF,
        around: bool = True,
        outage: Outage | None = None,
        given: dict[str, Any] | None = None,
    ) -> Row:
        parts = [read(tables, {"rma_id": "R1"} if given is None else given)]
        if around:
            parts.append(shop(AS_OF))
        if outage:
            parts.append(busy(AS_OF, [outage]))
        return asker.states(joined(*parts), micros(as_of))[slice_id]

    return states

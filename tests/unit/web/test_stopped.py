"""The service told to stop, as every service manager does it: it ends well, and its database with it."""

from contextlib import closing

from beleg.ledger.store.embedded import Embedded, running
from support.services import workers
from support.stores import folder


def test_told_to_stop_it_stops_its_database_too():
    with folder() as made:
        with workers(1, {"BELEG_STORE": str(made / "store")}) as (worker,), closing(worker.client()) as client:
            assert client.get("/healthz").status_code == 200
            assert running(made / "store")
        assert running(made / "store") is None
        with Embedded(made / "store") as again:
            assert running(made / "store") == again.owner

"""The gate itself, started as a shop would start it, and what other systems tell it: a carrier, a dock, a warehouse, a roster."""

import hashlib
import hmac
import itertools
import json
import os
import re
import secrets
import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from shops.running import answers, running
from shops.stand_in_gate import SECRET

CARRIER_SECRET = "a secret of the carrier's"
DAY = 86_400_000_000
REFRESH = 5  # seconds
_numbers = itertools.count()


def now() -> int:
    """The present, in microseconds."""
    return time.time_ns() // 1000


def stamp() -> str:
    """The present, as documents write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Beleg:
    """A running gate and a key of it."""

    url: str
    key: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request with the key; raises what the gate answers, if it is an error."""
        headers = {"authorization": f"Bearer {self.key}", "idempotency-key": secrets.token_hex(8)}
        answer = httpx.request(method, self.url + path, json=body, headers=headers, timeout=60)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:1000]}"
        return answer.json()

    def tell(self, *facts: dict[str, Any]) -> None:
        """Facts of other systems."""
        envelope = {"source": "acceptance", "occurred_at": now() - 1_000_000}
        rows = [envelope | {"id": f"acceptance-{next(_numbers)}"} | fact for fact in facts]
        self.call("POST", "/v1/facts", {"facts": rows})

    def decision(self, order: str) -> dict[str, Any]:
        """The newest answer about an order."""
        (row, *_) = self.call("GET", f"/v1/refund-decisions?order_id={order}")["items"]
        return dict(self.call("GET", f"/v1/refund-decisions/{row['decision_id']}"))

    def hire(self, **teams: str) -> None:
        """Who works there: a login of each person, and their team."""
        self.tell(
            *(
                {"fact": "staff", "source": "roster", "login": f"{name}@example.com", "person": f"person {name}", "team": team,
                 "site": "RC1", "occurred_at": now() - 300 * DAY}
                for name, team in teams.items()
            )
        )  # fmt: skip

    def label(self, order: str, rma: str, code: str, site: str) -> None:
        """A return label is made."""
        self.tell(
            {"fact": "parcels", "order_id": order, "rma_id": rma, "parcel_id": f"code:{code}", "direction": "return",
             "carrier": "Swift", "tracking_code": code, "to_postcode": "04109", "to_site": site, "declared_weight": 1300}
        )  # fmt: skip

    def carried(self, code: str) -> None:
        """The carrier's own webhook: accepted, and delivered at the returns site."""
        body = json.dumps(
            {
                "id": f"evt_{next(_numbers)}",
                "description": "tracker.updated",
                "result": {
                    "id": f"trk_{code}", "tracking_code": code, "carrier": "Swift", "weight": 45.9,
                    "tracking_details": [
                        {"datetime": stamp(), "status": status, "tracking_location": {"city": "Leipzig", "zip": "04109"}}
                        for status in ("in_transit", "delivered")
                    ],
                },
            }
        ).encode()  # fmt: skip
        mac = hmac.new(unicodedata.normalize("NFKD", CARRIER_SECRET).encode(), body, hashlib.sha256).hexdigest()
        headers = {"x-hmac-signature": f"hmac-sha256-hex={mac}", "content-type": "application/json"}
        answer = httpx.post(f"{self.url}/v1/webhooks/easypost", content=body, headers=headers, timeout=30)
        assert answer.is_success, answer.text

    def warehouse(self, step: str, back: tuple[str, str, str], site: str, who: str) -> None:
        """An EPCIS event of the warehouse about something that comes back: order, return and tracking code."""
        order, rma, code = back
        event = {
            "type": "ObjectEvent", "eventID": f"urn:uuid:{secrets.token_hex(8)}", "eventTime": stamp(), "recordTime": stamp(),
            "eventTimeZoneOffset": "+00:00", "action": "OBSERVE", "bizStep": step, "readPoint": {"id": f"urn:site:{site}"},
            "bizLocation": {"id": f"urn:site:{site}"}, "beleg:actor": f"{who}@example.com", "beleg:session": f"{who}-{order}",
            "bizTransactionList": [
                {"type": "po", "bizTransaction": f"urn:shop:{order}"},
                {"type": "rma", "bizTransaction": f"urn:shop:{rma}"},
                {"type": "desadv", "bizTransaction": f"urn:shop:{code}"},
            ],
        }  # fmt: skip
        document = {"type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": stamp(), "epcisBody": {"eventList": [event]}}
        self.call("POST", "/v1/epcis/capture", document)

    def comes_back(self, order: str, rma: str, site: str, who: str) -> None:
        """The goods arrive: the carrier says so, the dock has them, and `who` scans them in."""
        code = f"RET-{rma[-6:]}"
        self.label(order, rma, code, site)
        self.carried(code)
        self.warehouse("arriving", (order, rma, code), site, "dock")
        self.warehouse("receiving", (order, rma, code), site, who)

    def history(self, site: str) -> None:
        """An earlier return to this site with every proof, so that carrier, dock and warehouse are known to speak there."""
        for name in ("earlier", "open"):
            order = {"order_id": f"{name}-{site}", "currency": "EUR", "paid": 9500, "occurred_at": now() - 20 * DAY}
            line = {"line_id": "1", "article": "KETTLE-1", "quantity": 1}
            agreed = {"order_id": order["order_id"], "line_id": "1", "rma_id": f"{name}-M-{site}", "quantity": 1, "site": site}
            self.tell(
                {"fact": "orders"} | order, {"fact": "order_lines"} | order | line, {"fact": "return_authorisations"} | agreed
            )
        self.comes_back(f"earlier-{site}", f"earlier-M-{site}", site, "receiver")
        self._until_judged(site)

    def _until_judged(self, site: str) -> None:
        """Until the gate has judged its sources anew: from then on a return that nobody has seen is held, not put to a person."""
        claim = {"order_id": f"open-{site}", "line_id": "1", "rma_id": f"open-M-{site}", "amount": 9500, "currency": "EUR"}
        for number in range(60):
            asked = claim | {"refund_id": f"probe-{site}-{number}", "trigger": "on_receipt"}
            if self.call("POST", "/v1/refund-decisions", asked)["decision"] == "hold":
                return
            time.sleep(2)
        raise AssertionError(f"the gate does not see its sources at {site}")


@contextmanager
def beleg(folder: Path, port: int, hooks: list[str]) -> Iterator[Beleg]:
    """A gate on the embedded store that tells these shops what it decides."""
    log, url = folder / "beleg.log", f"http://127.0.0.1:{port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BELEG_")}
    env = clean | {
        "BELEG_HASH_KEY": "a key for the acceptance test",
        "BELEG_WEBHOOK_SECRETS": json.dumps({"medusa": [SECRET], "vendure": [SECRET], "easypost": [CARRIER_SECRET]}),
        "BELEG_NOTIFY": json.dumps([{"url": hook, "secret": SECRET} for hook in hooks]),
        "BELEG_REFRESH_SECONDS": str(REFRESH),
    }
    command = [str(Path(sys.executable).parent / "beleg"), "serve", "--folder", str(folder / "store"), "--port", str(port)]
    with running(command, folder, env, log, lambda: answers(f"{url}/readyz")):
        key = re.search(r"beleg_first_[\w-]+", log.read_text())
        assert key, log.read_text()[-2000:]
        yield Beleg(url, key[0])

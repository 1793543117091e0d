"""The requests that are not settled, found by their order and by when to look at them again, however many there are."""

from heapq import heapify, heappop, heappush

from msgspec import Struct

from beleg.gate.claim import Claim
from beleg.gate.policy import Answer as Outcome
from beleg.gate.stated import request_of

# Moments that do not hold any more stay in line until there are so many more of them than requests.
_SPARE = 1_000


class Open(Struct):
    """A request that is not settled: its claim, what was said last, when to look again, and whether this process said it."""

    claim: Claim
    decision_id: str
    outcome: Outcome
    look_at: int
    mine: bool = True


class Waiting:
    """Open requests by their number."""

    def __init__(self) -> None:
        self._open: dict[str, Open] = {}
        self._of: dict[str, dict[str, None]] = {}  # an order's requests
        self._line: list[tuple[int, str]] = []  # when to look at which: a heap

    def __len__(self) -> int:
        return len(self._open)

    def get(self, request: str) -> Open | None:
        """A request, if it is open."""
        return self._open.get(request)

    def every(self) -> list[Open]:
        """All of them, the longest open first."""
        return list(self._open.values())

    def put(self, one: Open) -> None:
        """Keep a request in mind; what was known of it before goes."""
        request = request_of(one.claim)
        self.drop(request)
        self._open[request] = one
        self._of.setdefault(one.claim.order_id, {})[request] = None
        self._stand(request, one)

    def drop(self, request: str) -> None:
        """A request is settled."""
        one = self._open.pop(request, None)
        if one is None:
            return
        mine = self._of[one.claim.order_id]
        del mine[request]
        if not mine:
            del self._of[one.claim.order_id]

    def look(self, one: Open, at: int) -> None:
        """Look at an open request again at this moment."""
        one.look_at = at
        self._stand(request_of(one.claim), one)

    def of(self, order: str) -> list[str]:
        """The open requests of an order."""
        return list(self._of.get(order, ()))

    def due(self, now: int) -> list[Open]:
        """Those to look at by now, the most urgent first; each is told of once, until it is put or looked at anew."""
        found: dict[str, Open] = {}
        while self._line and self._line[0][0] <= now:
            at, request = heappop(self._line)
            one = self._open.get(request)
            if one is not None and one.look_at == at:
                found[request] = one
        return list(found.values())

    def _stand(self, request: str, one: Open) -> None:
        heappush(self._line, (one.look_at, request))
        if len(self._line) > 2 * len(self._open) + _SPARE:
            self._line = [(one.look_at, request) for request, one in self._open.items()]
            heapify(self._line)

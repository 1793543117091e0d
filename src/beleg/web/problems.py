"""Errors as RFC 9457 problem details: what was wrong, said so that the caller can mend it, and never more than that."""

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from beleg.ledger.log.canonical import CanonicalError
from beleg.ledger.store.base import ConflictError, ContradictedError, RefusedError, UnavailableError

TYPE = "application/problem+json"
ABOUT = "urn:beleg:problem:"


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document."""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""


class ProblemError(Exception):
    """Answers the request with a problem document.

    Args:
        kind: a word for programs; it stands in the document's type.
        status: the HTTP status.
        title: what kind of problem this is, the same each time.
        detail: what was wrong this time and how to mend it.
        headers: to send along.
    """

    def __init__(self, kind: str, status: int, title: str, detail: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(title)
        self.problem = Problem(type=ABOUT + kind, title=title, status=status, detail=detail)
        self.headers = headers or {}


def response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The document as an answer."""
    return Response(msgspec.json.encode(problem), problem.status, headers, TYPE)


def told(failure: Exception) -> ProblemError:
    """What an error of the gate or the store is called outside; what is wrong with us is told to nobody but the log."""
    if isinstance(failure, ProblemError):
        return failure
    if isinstance(failure, RefusedError):
        return ProblemError(f"refused-{failure.rule}", 409, "A rule of the ledger forbids this", str(failure))
    for kind, (name, status, title, detail) in _KNOWN.items():
        if isinstance(failure, kind):
            headers = {"retry-after": "1"} if status == 503 else None
            return ProblemError(name, status, title, detail or str(failure), headers)
    return ProblemError("internal", 500, "Something went wrong here", "it is in the service's log")


# What is a kind of another comes first.
_KNOWN: dict[type[Exception], tuple[str, int, str, str]] = {
    ConflictError: (
        "idempotency-conflict",
        409,
        "This idempotency key came with another body before",
        "send the first body again for its answer, or another key for a new question",
    ),
    ContradictedError: ("fact-conflict", 409, "A fact with this id is there already and says something else", ""),
    UnavailableError: (
        "unavailable",
        503,
        "The store does not answer",
        "send the same request again with the same idempotency key; it is done once",
    ),
    msgspec.ValidationError: ("invalid", 422, "The body does not say what is needed", ""),
    msgspec.DecodeError: ("not-json", 400, "The body is no JSON", ""),
    UnicodeDecodeError: ("not-json", 400, "The body is no JSON", "text in UTF-8 is expected"),
    CanonicalError: ("invalid", 422, "The body does not say what is needed", ""),
    RecursionError: ("not-json", 400, "The body is no JSON", "it is nested too deeply"),
}


async def handle(request: Request, failure: Exception) -> Response:
    """Starlette's handler for whatever is raised."""
    del request
    problem = told(failure)
    return response(problem.problem, problem.headers)

"""What is asked of the store and what it answers: units written whole or not at all, and their places in the log."""

from msgspec import Struct

from beleg.facts.base import Fact


class StoreError(Exception):
    """The store cannot be opened or used as it is; the message says what was found and what to do."""


class UnavailableError(StoreError):
    """The database did not answer in time. The unit may or may not be written: send it again, it is written once."""


class RefusedError(StoreError):
    """A rule of the store forbids this unit; nothing of it was written. `rule` names the rule, the message says why."""

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(why)
        self.rule = rule


class ConflictError(StoreError):
    """The same idempotency key came with another body."""


class ContradictedError(StoreError):
    """Facts whose id is in the ledger already with other content; nothing of the unit was written.

    `facts` names them, each by its table and id.
    """

    def __init__(self, facts: tuple[tuple[str, str], ...]) -> None:
        named = ", ".join(f"{table} {fact_id!r}" for table, fact_id in facts[:5])
        more = f" and {len(facts) - 5} more" if len(facts) > 5 else ""
        mend = "a fact is never changed, so send a correcting fact with an id of its own"
        super().__init__(f"{named}{more}: there already, with other content; {mend}")
        self.facts = facts


class StaleError(StoreError):
    """Something came about of what a unit rests on; nothing of it was written. Work it out anew and send that."""


# What a fact is about: the name of a column (order_id, account_id, login, subject) and what stands in it.
About = tuple[str, str]


class Basis(Struct, frozen=True, gc=False, array_like=True):
    """What something was worked out from: all that the log says of these orders, accounts, ..., up to its size then."""

    about: frozenset[About]
    size: int


class Key(Struct, frozen=True, array_like=True):
    """An idempotency key: within its scope (a client, a webhook), this name stands for one body, known by its digest."""

    scope: str
    name: str
    digest: bytes


class Message(Struct, frozen=True, array_like=True):
    """Something to tell the outside once the unit is written: the topic says to whom, the body is sent as it is."""

    topic: str
    body: bytes


class Unit(Struct, frozen=True, kw_only=True):
    """What is written together, durably, or not at all.

    Facts whose id is there already are not written again, so that a unit may be sent twice; in a `strict` unit it is an error if
    such a fact says something else, but for when it was taken in. With a key, a second unit of the same key and digest writes
    nothing and gets the first one's answer; one of another digest is a `ConflictError`. A unit that rests on something is written
    only if nothing came about of that since, by whomever; else it is a `StaleError`.
    """

    facts: tuple[Fact, ...]
    key: Key | None = None
    answer: bytes = b""
    messages: tuple[Message, ...] = ()
    strict: bool = False
    rests_on: Basis | None = None


class Written(Struct, frozen=True):
    """A unit that is durable: each fact's place in the log, in the unit's order; and the answer, with whether it is an old one.

    A replayed unit has the places of the facts that its first sending wrote.
    """

    places: tuple[int, ...]
    answer: bytes
    replayed: bool = False

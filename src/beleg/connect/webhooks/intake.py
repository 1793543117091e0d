"""One delivery: whose it is, what it says, which facts that makes, and what could not be read."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import msgspec
from msgspec import Struct

from beleg.connect.build import Builder, Rules
from beleg.connect.checked import check
from beleg.connect.errors import ConnectError
from beleg.connect.fields import Setting
from beleg.connect.frame import FileFacts
from beleg.connect.intake import Quarantined
from beleg.connect.lookups import Lookups
from beleg.connect.mapping import Mapping as MappingFile
from beleg.connect.paths import Place, as_text, look_up
from beleg.connect.records import of_document
from beleg.connect.webhooks.flat import FLATTENED
from beleg.connect.webhooks.signatures import SCHEMES, verify
from beleg.facts.base import Fact
from beleg.facts.registry import fact_types
from beleg.facts.told import closest


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """How a sender's deliveries are told apart.

    `scheme` is one of `signatures.SCHEMES`, or ``key`` where the sender shows an API key instead. `topic` and `delivery` name a
    header (``header:x-topic``) or a path in the body (``body:type``). `topics` say which source of the mapping reads which; a topic
    that is not named is kept and makes no facts. `flat` names a shape of `webhooks.flat` that is brought into rows first.
    """

    scheme: str
    topics: dict[str, str]
    topic: str = ""
    delivery: str = ""
    flat: str = ""


class FeedFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A feed's file: the webhook's own rules, and a mapping as any other."""

    webhook: Rule
    mapping: MappingFile


class Taken(Struct, frozen=True):
    """What a delivery made: facts, and what could not be read. `topic` and `delivery` are the sender's words for it."""

    feed: str
    topic: str
    delivery: str
    facts: tuple[Fact, ...]
    quarantined: tuple[Quarantined, ...]


class Feeds:
    """Every feed that comes with Beleg, with this shop's secrets.

    Args:
        secrets: feed -> its sender's secrets.
        hash_key: the key of the hashes that stand for identifiers.

    Raises:
        ConnectError: a secret is for a feed that does not exist.
    """

    def __init__(self, secrets: Mapping[str, Sequence[str]], hash_key: bytes) -> None:
        known = shipped()
        for name in secrets:
            if name not in known:
                got = f"a secret for {name!r}{closest(name, known)}"
                raise ConnectError("webhook secrets", got=got, expected=f"one of {', '.join(known)}", mend="correct the name")
        self._secrets, self._hash_key = secrets, hash_key

    def rule(self, feed: str) -> Rule | None:
        """The feed's own rules; None for a feed that does not exist."""
        return shipped()[feed].webhook if feed in shipped() else None

    def take(self, feed: str, headers: Mapping[str, str], body: bytes, now: int) -> Taken:
        """Check a delivery and make facts of it; `now` in microseconds is when they become known.

        Raises:
            ForgedError: it is not from the sender, or too old.
        """
        file = shipped()[feed]
        if file.webhook.scheme != "key":
            verify(file.webhook.scheme, headers, body, self._secrets.get(feed, ()), now // 1_000_000)
        document = _document(body)
        topic = _named(file.webhook.topic, headers, document)
        delivery = _named(file.webhook.delivery, headers, document)
        source = file.webhook.topics.get(topic) or file.webhook.topics.get("*")
        if source is None:
            return Taken(feed, topic, delivery, (), ())
        flat = FLATTENED[file.webhook.flat](document) if file.webhook.flat else None
        text = body.decode(errors="surrogateescape") if flat is None else msgspec.json.encode(flat).decode()
        return self._mapped(file, source, text, Taken(feed, topic, delivery, (), ()), now)

    def _mapped(self, file: FeedFile, source: str, text: str, about: Taken, now: int) -> Taken:
        mapping = file.mapping
        rule = mapping.source[source]
        setting = Setting(rule, Lookups({}), self._hash_key)
        builder = Builder(Rules(rule.feed or mapping.name, mapping.facts_of(source), mapping.ignores_of(source), setting))
        digest = hashlib.sha256(f"{about.topic}\\x1f{text}".encode(errors="surrogateescape")).hexdigest()
        outcome = builder.take(of_document(text, rule.records), FileFacts(about.delivery or digest[:12], about.topic, digest))
        facts = [_fact(table, row, now) for table, rows in outcome.facts for row in rows.to_pylist()]
        return Taken(about.feed, about.topic, about.delivery, tuple(facts), tuple(outcome.quarantined))


def _fact(table: str, row: dict[str, object], now: int) -> Fact:
    cells = {name: value for name, value in row.items() if value is not None}
    return msgspec.convert(cells | {"ingested_at": now, "known_at": now}, fact_types()[table])


def _document(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None  # the mapping's reader says what is wrong with it


def _named(where: str, headers: Mapping[str, str], document: object) -> str:
    kind, _, name = where.partition(":")
    if kind == "header":
        return headers.get(name, "")
    return as_text(look_up(Place.root(document), name)) or "" if kind == "body" else ""


@cache
def shipped() -> Mapping[str, FeedFile]:
    """Every feed by its name, checked."""
    folder = Path(str(resources.files("beleg.connect.webhooks") / "feeds"))
    return {path.stem: _load(path) for path in sorted(folder.glob("*.toml"))}


def _load(path: Path) -> FeedFile:
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), FeedFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise ConnectError(path.name, got=str(problem), expected="a feed", mend="mend the file") from problem
    check(file.mapping, path.name)
    rule = file.webhook
    for word, known in ((rule.scheme, {*SCHEMES, "key"}), (rule.flat, {*FLATTENED, ""})):
        if word not in known:
            got = f"{word!r}{closest(word, known)}"
            raise ConnectError(path.name, got=got, expected=f"one of {sorted(known)}", mend="correct it")
    return file

"""How the service is set up: from the environment, each setting with its meaning; secrets also from files."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

from beleg.facts.told import ToldError, closest
from beleg.web.oidc import Provider, provider

PREFIX = "BELEG_"


class Settings(Struct, frozen=True, kw_only=True):
    """The service's settings. Each is read from ``BELEG_`` and its name, or from the file named by the same with ``_FILE``."""

    database_url: Annotated[str, Meta(description="postgresql://... of the service's role; empty for the embedded store")] = ""
    store: Annotated[str, Meta(description="the folder of the embedded store")] = "beleg-store"
    policy: Annotated[str, Meta(description="the policy in force: a file, or the name of one that comes with Beleg")] = "standard"
    weights: Annotated[
        str, Meta(description="the shop's own weights, a file that two persons stand behind; empty for the shipped ones")
    ] = ""
    shadow: Annotated[str, Meta(description="a policy that is asked beside it and changes nothing")] = ""
    rate: Annotated[str, Meta(description="how much each client may ask")] = "5000/second"
    at_once: Annotated[int, Meta(description="how many requests may wait for an answer at once; more are told to come again")] = 256
    reserve_minutes: Annotated[int, Meta(description="how long released money stays set aside")] = 60
    refresh_seconds: Annotated[int, Meta(description="how often sources, persons and sessions are judged anew")] = 300
    hash_key: Annotated[
        str, Meta(description="the key of the hashes that stand for identifiers, and of cookies; else the one kept for pseudonyms")
    ] = ""
    webhook_secrets: Annotated[str, Meta(description="secrets of senders, as JSON: feed -> list of secrets")] = "{}"
    notify: Annotated[str, Meta(description="who is told of decisions, as JSON: list of url and secret (whsec_...)")] = "[]"
    origin: Annotated[str, Meta(description="what people open; passkeys are bound to it")] = "http://localhost:8400"
    answer: Annotated[str, Meta(description="the result.json of the newest audit, for the console; empty for none")] = ""
    audit_minutes: Annotated[
        int, Meta(description="how often the ledger is audited and its findings brought up to date; 0 for never", ge=0)
    ] = 60
    budget: Annotated[int, Meta(description="how many alerts the team can work", ge=1)] = 200
    backtest: Annotated[str, Meta(description="what `beleg backtest --json` wrote, for the console; empty for none")] = ""
    policies: Annotated[str, Meta(description="a folder of policies that the console may try on history; empty for none")] = ""
    history: Annotated[
        str, Meta(description="exports that the console tries policies on; empty for what the store holds itself")
    ] = ""
    hour_cost: Annotated[str, Meta(description="what an hour of work on cases costs, such as 48.50 EUR; empty for not said")] = ""
    staff: Annotated[bool, Meta(description="whether the console has pages on staff; ask your works council first")] = False
    outside_approver: Annotated[str, Meta(description="the login that approves when nobody else may; empty for none")] = ""
    wait_hours: Annotated[
        int,
        Meta(description="how long a new passkey waits to approve anything, and to sign in where no second administrator agrees"),
    ] = 24
    oidc_issuer: Annotated[str, Meta(description="the company's OpenID Connect provider for the console; empty for none")] = ""
    oidc_client_id: Annotated[str, Meta(description="what that provider calls Beleg")] = ""
    oidc_client_secret: Annotated[str, Meta(description="what Beleg proves that with")] = ""
    oidc_name: Annotated[str, Meta(description="what people call that provider; else its host")] = ""
    open_telemetry: Annotated[str, Meta(description="where traces go (OTLP over HTTP); empty for nowhere")] = ""

    def company(self) -> Provider | None:
        """The company's provider; none where it is not named.

        Raises:
            ToldError: a part of it is missing or wrong.
        """
        return provider(self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret, self.oidc_name)


class Receiver(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told: where, and what the message is signed with."""

    url: str
    secret: str


def from_environment(environment: Mapping[str, str] | None = None, **given: str | int | None) -> Settings:
    """The settings; what is given comes before the environment.

    Raises:
        ToldError: a setting is unknown or of the wrong kind, or its file cannot be read.
    """
    there = os.environ if environment is None else environment
    known = Settings.__struct_fields__
    found: dict[str, str] = {}
    for name, value in there.items():
        if not name.startswith(PREFIX):
            continue
        short = name.removeprefix(PREFIX).lower()
        if short.removesuffix("_file") in known and short not in known:
            found[short.removesuffix("_file")] = _read(name, value)
        elif short in known:
            found[short] = value
        elif short not in _ELSEWHERE:
            raise ToldError(name, got=f"an unknown setting{closest(short, known)}", expected="a known one", mend="correct the name")
    said = {**found, **{name: str(value) for name, value in given.items() if value is not None}}
    try:
        return msgspec.convert(said, Settings, strict=False)
    except msgspec.ValidationError as problem:
        raise ToldError("settings", got=str(problem), expected="values of the right kind", mend="see the reference") from problem


# Variables of other commands and of the test run.
_ELSEWHERE = frozenset(
    {"owner_database_url", "log_key", "log_origin", "checkpoint_sinks", "checkpoint_seconds", "memory", "update_golden", "require"}
    | {"data", "bench"}
)


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as problem:
        got = f"{path!r}: {problem.strerror}"
        raise ToldError(name, got=got, expected="a file that can be read", mend="correct the path") from problem


def meanings() -> dict[str, tuple[str, str]]:
    """Each variable with its meaning and what it is when it is not set."""
    hints = get_type_hints(Settings, include_extras=True)
    defaults = msgspec.structs.asdict(Settings())
    return {f"{PREFIX}{name.upper()}": (str(get_args(hints[name])[1].description), str(defaults[name])) for name in defaults}

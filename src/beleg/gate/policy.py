"""A policy file: which claims need which proofs, from how many independent sources, and what happens at the legal deadline."""

import hashlib
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from beleg.facts.told import ToldError, closest, listed
from beleg.gate.conditions import Conditions
from beleg.gate.situation import Situation
from beleg.proofs.words import PROOFS, Proof, State

Group = tuple[Proof, ...]
Answer = Literal["release", "hold", "review"]


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a policy: a key it does not know is an error."""


class Way(_Part, frozen=True, kw_only=True):
    """Every group of `needs` (any one proof of it) and so many independent `witnesses`."""

    needs: tuple[Group, ...] = ()
    witnesses: Annotated[int, Meta(ge=0, le=9)] = 0


class Rule(Way, frozen=True, kw_only=True):
    """Claims that meet `when` need what the rule says, or what one of the ways says that it takes `instead`.

    The first rule that fits a claim speaks. Without needs and witnesses it releases at once. Where no source of the shop speaks of
    a proof that is needed, nothing could ever be released: such a policy is refused at load, unless it says that a person decides.
    A rule that `asks` for the goods releases nothing: a claim that has what it needs waits until the goods are sent back, at the
    shop's expense, and their return is paid instead.
    """

    name: str
    why: str
    when: str = "true"
    instead: tuple[Way, ...] = ()
    asks: Annotated[Literal["", "goods"], Meta(description="what the customer is asked for before anything is paid")] = ""
    without_source: Literal["refuse", "review"] = "refuse"


class Guard(_Part, frozen=True, kw_only=True):
    """Claims that meet `when` go to a person, whatever the rules say; if it is `lasting`, whatever the clock says as well."""

    name: str
    why: str
    when: str
    lasting: Annotated[bool, Meta(description="whether a person decides even when the legal deadline has passed")] = False


class Example(_Part, frozen=True, kw_only=True):
    """A claim and what the policy shall say to it: the guards and the rule that `speaks` names and no others, and this answer.

    What `given` leaves out is as in a plain return; proofs not named are pending.
    """

    name: str
    given: dict[str, Any] = {}
    proofs: dict[Proof, State] = {}
    witnesses: int = 0
    speaks: tuple[str, ...]
    answer: Answer


class Clock(_Part, frozen=True, kw_only=True):
    """The consumer-law clock, in days. The usual one is Art. 13 of the EU's Directive 2011/83.

    A refund is due `days` after the shop was told; where goods come back it may be withheld until they are there or the
    consumer shows that they were sent, whichever is first. `look_before` days earlier a person looks. `goods` is how long the
    consumer has to send them; after that a person looks as well.
    """

    days: Annotated[int, Meta(ge=1, le=90)] = 14
    look_before: Annotated[int, Meta(ge=1, le=30)] = 3
    goods: Annotated[int, Meta(ge=1, le=90)] = 14
    at_deadline: Literal["release", "review"] = "release"
    basis: str = "Directive 2011/83/EU Art. 13"


class PolicyFile(_Part, frozen=True, kw_only=True):
    """A whole policy file."""

    name: str
    version: str
    why: str
    author: Annotated[str, Meta(min_length=1, description="the person who wrote it, as the roster names them")]
    approver: Annotated[str, Meta(min_length=1, description="another person, who agreed to it")]
    amounts: dict[str, dict[str, int]] = {}
    clock: Clock = Clock()
    substitutes: dict[Proof, Group] = {}
    guards: tuple[Guard, ...] = ()
    rules: tuple[Rule, ...]
    examples: tuple[Example, ...] = ()


class Policy:
    """A policy read and checked for its own sense; `gate.sources` holds it against what a shop has."""

    def __init__(self, file: PolicyFile, where: str, digest: str) -> None:
        """Compile the conditions.

        Raises:
            ToldError: a condition is wrong, a name is used twice, or author and approver are one person.
        """
        self.file, self.where, self.digest = file, where, digest
        _two_persons(file, where)
        _no_twins(file, where)
        self.language = Conditions(file.amounts)
        for guard in file.guards:
            self._compiled("guard", guard.name, guard.when)
        for rule in file.rules:
            self._compiled("rule", rule.name, rule.when)
        self.guards, self.rules = file.guards, file.rules
        # one call for all of them: what it costs to cross into CEL is more than what a condition costs
        self._every = self.language.together([*(one.when for one in file.guards), *(one.when for one in file.rules)])

    @property
    def name(self) -> str:
        """Its name and version, as decisions give it."""
        return f"{self.file.name} {self.file.version}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its guards and rules."""
        return (*(one.name for one in self.file.guards), *(one.name for one in self.file.rules))

    def amounts(self, currency: str) -> dict[str, int] | None:
        """What the policy's own amounts are in this currency; None if one of them is not given in it."""
        found = {name: by[currency] for name, by in self.file.amounts.items() if currency in by}
        return found if len(found) == len(self.file.amounts) else None

    def speaking(self, situation: Situation, amounts: dict[str, int]) -> tuple[list[Guard], Rule | None]:
        """The guards that hold, all of them, and the first rule that fits."""
        held = self._every.all_hold(self.language.facing(situation, amounts))
        guards = [one for one, holds in zip(self.guards, held, strict=False) if holds]
        rules = zip(self.rules, held[len(self.guards) :], strict=True)
        return guards, next((one for one, holds in rules if holds), None)

    def _compiled(self, kind: str, name: str, text: str) -> None:
        self.language.check(text, f"{self.where}: {kind} {name!r}")


def _two_persons(file: PolicyFile, where: str) -> None:
    if file.author.casefold().strip() == file.approver.casefold().strip():
        raise ToldError(
            where,
            got=f"author and approver are both {file.author!r}",
            expected="two persons: one who writes the policy and one who agrees to it",
            mend="have another person read and approve it",
        )


def _no_twins(file: PolicyFile, where: str) -> None:
    names = [*(one.name for one in file.guards), *(one.name for one in file.rules)]
    for name in names:
        if names.count(name) > 1:
            raise ToldError(where, got=f"the name {name!r} twice", expected="a name for each rule and guard", mend="rename one")


def parse(text: str, where: str) -> Policy:
    """A policy from its text; every mistake is told with the key, what stood there and the nearest known word.

    Raises:
        ToldError: the text is no policy.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ToldError(where, got=str(problem), expected="TOML", mend="mend the line named") from problem
    _known_proofs(raw, where)
    try:
        file = msgspec.convert(raw, PolicyFile)
    except msgspec.ValidationError as problem:
        raise _told(where, str(problem)) from problem
    return Policy(file, where, hashlib.sha256(text.encode()).hexdigest())


def load(policy: Path | str) -> Policy:
    """A policy by its path, or by the name of one that comes with Beleg.

    Raises:
        ToldError: there is none, or it is wrong.
    """
    path = Path(policy)
    if not path.is_file():
        known = shipped()
        if str(policy) not in known:
            raise ToldError(
                f"policy {str(policy)!r}",
                got="no such file, and no policy of that name" + closest(str(policy), known),
                expected=f"the path of a policy file, or one of {listed(known)}",
                mend="check the path",
            )
        path = known[str(policy)]
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeError) as problem:
        raise ToldError(
            path.name, got=type(problem).__name__, expected="a policy file in UTF-8", mend="save it as UTF-8"
        ) from problem
    return parse(text, path.name)


def shipped() -> dict[str, Path]:
    """The policies that come with Beleg, by name."""
    folder = Path(str(resources.files("beleg.gate") / "policies"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def _known_proofs(raw: dict[str, Any], where: str) -> None:
    """Misspelt proofs, told before their type is: the nearest name is what the reader needs."""
    rules = raw.get("rules")
    for rule in rules if isinstance(rules, list) else ():
        groups = rule.get("needs", []) if isinstance(rule, dict) else []
        words = [word for group in groups if isinstance(group, list) for word in group if isinstance(word, str)]
        for word in words:
            if word not in PROOFS:
                got = f"the proof {word!r}{closest(word, PROOFS)}"
                place = f"{where}: rule {rule.get('name')!r}"
                raise ToldError(place, got=got, expected=f"one of {listed(PROOFS, 20)}", mend="correct the name")


def _told(where: str, problem: str) -> ToldError:
    what, _, at = problem.partition(" - at ")
    place = at.strip("`").removeprefix("$").lstrip(".")
    word = what.split("`")[1] if "`" in what else ""
    got = what + (closest(word, _keys()) if "unknown field" in what else "")
    return ToldError(f"{where}: {place or 'top level'}", got=got, expected="a policy file", mend="see the guide on policies")


def _keys() -> list[str]:
    parts: tuple[type[Struct], ...] = (PolicyFile, Rule, Guard, Example, Clock)
    return [name for part in parts for name in part.__struct_fields__]

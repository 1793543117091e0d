"""Conditions in CEL, checked for names and types when a policy is loaded; without macros there is nothing to loop."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
from cel_expr_python import cel
from msgspec import inspect

from beleg.facts.told import ToldError, closest, listed
from beleg.gate.situation import Situation

Json = dict[str, Any]

_UNKNOWN = re.compile(r"undeclared reference to '(?P<word>[^']*)'")
_MESSAGE = re.compile(r"<input>:\d+:(?P<column>\d+): (?P<what>[^\n]*)")

# Comprehensions are CEL's only loops, and patterns its only slow function.
_STANDARD = {"disable_macros": True, "exclude_functions": [{"name": "matches"}]}
_TYPES: dict[str, Json] = {
    "int": {"type_name": "int"},
    "float": {"type_name": "double"},
    "bool": {"type_name": "bool"},
    "str": {"type_name": "string"},
    "list": {"type_name": "list", "params": [{"type_name": "string"}]},
}


class Together:
    """Several conditions, compiled as one."""

    def __init__(self, texts: Sequence[str], compiled: cel.Expression) -> None:
        """Keep the texts for messages."""
        self._texts, self._compiled = texts, compiled

    def all_hold(self, facing: cel.Activation) -> list[bool]:
        """Which of them hold; arithmetic that overflows is an error and no answer.

        Raises:
            ToldError: one of them could not be worked out for this claim.
        """
        answer = self._compiled.eval(facing)
        if answer.type() == cel.Type.ERROR:
            where = "conditions " + "; ".join(self._texts)
            raise ToldError(where, got=str(answer.value()), expected="true or false", mend="mend the condition")
        return [bool(held) for held in answer.plain_value()]


class Conditions:
    """The language of one policy: the names of a situation, and the amounts that the policy names itself."""

    def __init__(self, amounts: Iterable[str]) -> None:
        """Declare the names."""
        self.names = {**_kinds(), **dict.fromkeys(amounts, "int")}
        variables = [{"name": name, **_TYPES[kind]} for name, kind in self.names.items()]
        config = {"name": "gate", "stdlib": _STANDARD, "variables": variables}
        self._environment = cel.NewEnv(config=cel.NewEnvConfigFromYaml(msgspec.json.encode(config).decode()))  # JSON is YAML

    def check(self, text: str, where: str) -> None:
        """Refuse what is no condition.

        Raises:
            ToldError: it is no CEL, names something unknown, or compares what cannot be compared.
        """
        try:
            compiled = self._environment.compile(text)
        except RuntimeError as problem:
            raise self._told(text, where, str(problem)) from problem
        if compiled.return_type() != cel.Type.BOOL:
            got = f"{text!r}, which is a {compiled.return_type().name()}"
            raise ToldError(where, got=got, expected="true or false", mend="compare it")
        _check_words(text, where)

    def together(self, texts: Sequence[str]) -> Together:
        """Conditions that were checked, as one expression."""
        joined = ", ".join(f"({text.strip()})" for text in texts)
        return Together(texts, self._environment.compile(f"[{joined}]"))

    def facing(self, situation: Situation, amounts: dict[str, int]) -> cel.Activation:
        """What the conditions see of one claim."""
        return self._environment.Activation({**msgspec.structs.asdict(situation), **amounts})

    def _told(self, text: str, where: str, problem: str) -> ToldError:
        found = _MESSAGE.search(problem)
        at = f"{text!r}, at character {found['column']}" if found else repr(text)
        if unknown := _UNKNOWN.search(problem):
            word = unknown["word"]
            got = f"the name {word!r} in {at}{closest(word, self.names)}"
            return ToldError(where, got=got, expected=f"one of {listed(sorted(self.names), 40)}", mend="correct the name")
        what = found["what"] if found else problem
        return ToldError(where, got=f"{at}: {what}", expected="a condition in CEL", mend="see the guide on policies")


@cache
def _kinds() -> dict[str, str]:
    """Every name of a situation with the name of its type."""
    return {name: _kind(kind) for name, kind in _bare().items()}


def _kind(kind: inspect.Type) -> str:
    names = {inspect.IntType: "int", inspect.BoolType: "bool", inspect.FloatType: "float", inspect.ListType: "list"}
    return names.get(type(kind), "str")


@cache
def _bare() -> dict[str, inspect.Type]:
    described = inspect.type_info(Situation)
    fields = described.fields if isinstance(described, inspect.StructType) else ()
    return {field.name: field.type.type if isinstance(field.type, inspect.Metadata) else field.type for field in fields}


def _check_words(text: str, where: str) -> None:
    """A word that a closed list does not have would never match, and nobody would notice."""
    for name, kind in _bare().items():
        if not isinstance(kind, inspect.LiteralType):
            continue
        known = [str(value) for value in kind.values]
        for found in re.finditer(rf"\b{name}\s*(?:==|!=|in)\s*(\[[^\]]*\]|\"[^\"]*\"|'[^']*')", text):
            for word in re.findall(r"[\"']([^\"']*)[\"']", found[1]):
                if word not in known:
                    got = f"the word {word!r} for {name} in {text!r}{closest(word, known)}"
                    raise ToldError(where, got=got, expected=f"one of {listed(known, 20)}", mend="correct the word")

"""Statements as an earlier run compiled them: the next one asks the same without building and compiling every expression again."""

import contextlib
import hashlib
import os
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import msgspec
import pyarrow as pa

# The rooms that expressions are made of, kernels for their constants, and what compiles them.
ROOMS = ("facts", "kernels", "ledger", "proofs", "detect")
_PACKAGE = Path(__file__).parents[1]
_COMPILERS = ("ibis", "sqlglot")

_TYPES = (pa.string(), pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float64())
_KINDS: Mapping[str, pa.DataType] = {str(kind): kind for kind in _TYPES}

_STEP = re.compile(r'"step_(\w+)"')


class Compiled(msgspec.Struct, frozen=True):
    """A statement, and the columns it answers: name -> type, as Arrow calls it."""

    statement: str
    columns: Mapping[str, str]

    @classmethod
    def of(cls, statement: str, schema: pa.Schema) -> "Compiled":
        """From a schema."""
        return cls(statement, {field.name: str(field.type) for field in schema})

    @property
    def schema(self) -> pa.Schema:
        """The columns as Arrow has them."""
        return pa.schema([(name, _KINDS[kind]) for name, kind in self.columns.items()])

    @property
    def steps(self) -> frozenset[str]:
        """The steps that it reads."""
        return frozenset(_STEP.findall(self.statement))


class _Written(msgspec.Struct, frozen=True):
    made_of: str
    statements: dict[str, Compiled]


class Recall:
    """Statements by name. They hold for the code they were compiled by, so other code begins with none."""

    def __init__(self, path: Path) -> None:
        """Read what an earlier run left in this file; a file that somebody else may write counts for nothing."""
        self._path = path
        self._made_of = _made_of()
        self._statements: dict[str, Compiled] = {}
        self._new = False
        with contextlib.suppress(OSError, msgspec.DecodeError):
            about = path.stat()
            written = msgspec.json.decode(path.read_bytes(), type=_Written)
            if written.made_of == self._made_of and about.st_uid == os.geteuid() and not about.st_mode & 0o022:
                self._statements = written.statements

    def get(self, name: str) -> Compiled | None:
        """A statement, if it is known."""
        return self._statements.get(name)

    def learn(self, name: str, compiled: Compiled) -> None:
        """Keep a statement for the next run."""
        self._statements[name] = compiled
        self._new = True

    def save(self) -> None:
        """Write what was learned; where that cannot be written the next run compiles again."""
        if not self._new:
            return
        self._new = False
        beside = self._path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside.touch(mode=0o600)
            beside.write_bytes(msgspec.json.encode(_Written(self._made_of, self._statements)))
            beside.replace(self._path)


def kept(engine: str) -> Recall:
    """What is kept for the person who runs this, where the system keeps what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Recall(Path(base) / "beleg" / f"statements-{engine}.json")


def _made_of() -> str:
    """A digest of all that a statement's text comes from; cases are what detectors are tried on."""
    digest = hashlib.sha256(b"".join(import_module(name).__version__.encode() + b"\n" for name in _COMPILERS))
    for path in sorted(path for room in ROOMS for path in (_PACKAGE / room).rglob("*.*")):
        if path.suffix in {".py", ".toml"} and "cases" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()

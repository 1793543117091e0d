"""The facts' tables in PostgreSQL, read off the fact definitions: a new fact or column grows a table, and nothing shrinks one."""

from collections.abc import Iterator, Mapping

import pyarrow as pa

from beleg.facts.schema import arrow_schemas
from beleg.ledger.engines.base import INDEXED
from beleg.ledger.log.canonical import SALT_BYTES

_SQL = {"string": "text", "int64": "bigint", "bool": "boolean"}

# Beside the facts' own columns: where the entry stands in the log, and the salt of its digest, which goes when it is erased.
PLACE, SALT = "place", "salt"


def columns(schema: pa.Schema) -> dict[str, str]:
    """Each column with its SQL type."""
    return {field.name: _SQL[str(field.type)] for field in schema}


def grow(there: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """The statements that bring the tables up to the fact definitions.

    Args:
        there: the tables that exist, each with its columns and their SQL types.

    Raises:
        ValueError: a column is of another type than the definition says; facts are never rewritten.
    """
    for table, schema in arrow_schemas().items():
        wanted = columns(schema)
        have = there.get(table)
        if have is None:
            yield from _created(table, schema)
        else:
            yield from _widened(table, wanted, have)
        if have is None or not wanted.keys() <= have.keys():
            yield f'DROP VIEW IF EXISTS beleg_facts."{table}"'
            named = ", ".join(f'"{name}"' for name in wanted)
            yield f'CREATE VIEW beleg_facts."{table}" AS SELECT {named} FROM beleg_rows."{table}"'


def _created(table: str, schema: pa.Schema) -> Iterator[str]:
    listed = ", ".join(
        f'"{field.name}" {_SQL[str(field.type)]}{"" if field.nullable else " NOT NULL"}' for field in schema if field.name != "id"
    )
    yield f'CREATE TABLE beleg_rows."{table}" (id text PRIMARY KEY, {listed}, {PLACE} bigint NOT NULL, {SALT} bytea)'
    # rows lie in the order of their places, so a block range index costs next to nothing
    yield f'CREATE INDEX ON beleg_rows."{table}" USING brin ({PLACE}) WITH (pages_per_range = 16)'
    for name in schema.names:
        if name in INDEXED and name != "id":
            yield f'CREATE INDEX ON beleg_rows."{table}" ("{name}")'


def _widened(table: str, wanted: Mapping[str, str], have: Mapping[str, str]) -> Iterator[str]:
    for name, kind in wanted.items():
        if name not in have:
            yield f'ALTER TABLE beleg_rows."{table}" ADD COLUMN "{name}" {kind}'
            if name in INDEXED:
                yield f'CREATE INDEX ON beleg_rows."{table}" ("{name}")'
        elif have[name] != kind:
            raise ValueError(f"{table}.{name}: the store holds {have[name]}, the fact is defined as {kind}; give it another name")


def insert(table: str, schema: pa.Schema) -> str:
    """The statement of `beleg_log.write` that inserts a table's facts.

    Its variables are `facts`, their canonical JSON as a list, `places`, and `salts` as one value, in one order; and `first`, from
    which on places count.
    """
    named = ", ".join(f'"{name}"' for name in schema.names)
    read = ", ".join(f'r."{name}"' for name in schema.names)  # a column may bear a variable's name
    typed = ", ".join(f'"{name}" {kind}' for name, kind in columns(schema).items())
    return (
        f'INSERT INTO beleg_rows."{table}" ({named}, {PLACE}, {SALT}) '
        f"SELECT {read}, first + r.p, substr(salts, (r.n::int - 1) * {SALT_BYTES} + 1, {SALT_BYTES}) "
        f"FROM ROWS FROM (json_to_recordset(facts) AS ({typed}), unnest(places)) WITH ORDINALITY AS r({named}, p, n)"
    )


def written(table: str) -> str:
    """The expression that writes a row `r` as `log.canonical` does, as text; proved equal to it by test.

    Raises:
        ValueError: there is no such table of facts.
    """
    schema = arrow_schemas().get(table)
    if schema is None:
        raise ValueError(f"table: got {table!r}, expected one of {', '.join(arrow_schemas())}")
    names = sorted([*schema.names, "fact"])
    parts = []
    for name in names:
        value = f"'{_json(table)}'" if name == "fact" else _cell(name, str(schema.field(name).type))
        parts.append(f"',\"{name}\":' || {value}" if name == "fact" else f"coalesce(',\"{name}\":' || {value}, '')")
    return f"'{{' || substr({' || '.join(parts)}, 2) || '}}'"


def _json(word: str) -> str:
    return f'"{word}"'


def _cell(name: str, kind: str) -> str:
    return f'to_json(r."{name}")::text' if kind == "string" else f'r."{name}"::text'

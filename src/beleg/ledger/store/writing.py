"""The one call that writes units: a function in the database that holds the log's head, looks, and inserts, made from the facts."""

from collections.abc import Callable

import pyarrow as pa

from beleg.facts.schema import arrow_schemas
from beleg.ledger.log.canonical import LEAF_BYTES
from beleg.ledger.store.tables import insert

# Everything travels as a few values, as lists are slow to write and to read. Places count from the head, which nobody knows before
# it is held: what is in the log already has a negative one.
CALL = "SELECT beleg_log.write($1::bigint, $2::text[], $3::json, $4::bytea, $5::json, $6::bytea, $7::json, $8::json, $9::bytea)"

# It runs with the rights of whoever calls it, and the rules look at what it inserts as at anything else.
_WRITE = """
CREATE OR REPLACE FUNCTION beleg_log.write(
  followed bigint, watched text[], entries json, leaves bytea, tables json, texts bytea, keys json, messages json, bodies bytea
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $body$
DECLARE
  first bigint := beleg_log.take_head();
  part record; facts json; places bigint[]; salts bytea;
BEGIN
  IF first > followed AND EXISTS (
    SELECT FROM beleg_log.entries e WHERE e.place >= followed AND e.place < first AND e.relation = ANY (watched)
  ) THEN
    RETURN NULL;
  END IF;
  IF keys IS NOT NULL AND EXISTS (
    SELECT FROM json_to_recordset(keys) AS n(scope text, name text)
    CROSS JOIN LATERAL (SELECT FROM beleg_log.keys t WHERE t.scope = n.scope AND t.name = n.name OFFSET 0) k
  ) THEN
    RETURN NULL;
  END IF;
  FOR part IN SELECT t.* FROM json_to_recordset(tables) AS t(relation text, ids text[]) LOOP
    CASE part.relation
{looks}
    END CASE;
    IF FOUND THEN RETURN NULL; END IF;
  END LOOP;
  INSERT INTO beleg_log.entries (place, leaf, relation, fact_id)
    SELECT first + e.n - 1, substr(leaves, (e.n::int - 1) * {leaf} + 1, {leaf}), e.relation, e.fact_id
    FROM ROWS FROM (json_to_recordset(entries) AS (relation text, fact_id text)) WITH ORDINALITY AS e(relation, fact_id, n);
  FOR part IN SELECT t.* FROM json_to_recordset(tables) AS t(relation text, at int, size int, salted int, places bigint[]) LOOP
    facts := convert_from(substr(texts, part.at, part.size), 'UTF8')::json;
    salts := substr(texts, part.at + part.size, part.salted);
    places := part.places;
    CASE part.relation
{inserts}
    END CASE;
  END LOOP;
  IF keys IS NOT NULL THEN
    INSERT INTO beleg_log.keys (scope, name, digest, answer, places)
      SELECT k.scope, k.name, substr(bodies, k.at, k.digest), substr(bodies, k.at + k.digest, k.answer),
             ARRAY(SELECT first + u.p FROM unnest(k.places) WITH ORDINALITY AS u(p, n) ORDER BY u.n)
      FROM json_to_recordset(keys) AS k(scope text, name text, at int, digest int, answer int, places bigint[]);
  END IF;
  IF messages IS NOT NULL THEN
    INSERT INTO beleg_log.outbox (topic, body)
      SELECT m.topic, substr(bodies, m.at, m.size) FROM json_to_recordset(messages) AS m(topic text, at int, size int);
  END IF;
  RETURN first;
END $body$"""


def function() -> str:
    """The statement that makes `beleg_log.write` for the facts that there are.

    It returns the place of the first entry; or NULL, and nothing is written, where a fact or a key is there already, or something
    of the tables that are `watched` came about since the caller `followed` the log.
    """
    looks = _cases(lambda table, _: f'PERFORM FROM beleg_rows."{table}" r WHERE r.id = ANY (part.ids) LIMIT 1')
    return _WRITE.format(leaf=LEAF_BYTES, looks=looks, inserts=_cases(insert))


def _cases(statement: Callable[[str, pa.Schema], str]) -> str:
    """What is done for each table of facts; decisions first, as they are written most often and cases are tried in their order."""
    often = ("decisions", "reservations")
    schemas = sorted(arrow_schemas().items(), key=lambda one: (one[0] not in often, one[0]))
    return "\n".join(f"    WHEN '{table}' THEN {statement(table, schema)};" for table, schema in schemas)

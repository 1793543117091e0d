"""The log: its head, its entries, the tree's kept nodes, signed checkpoints, and what a service needs beside the facts."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables; the facts' own tables grow from the fact definitions, see `store.tables`."""
    op.execute("""
CREATE TABLE beleg_log.head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    size bigint NOT NULL CHECK (size >= 0)
)""")
    op.execute("INSERT INTO beleg_log.head (size) VALUES (0)")
    op.execute("""
CREATE TABLE beleg_log.entries (
    place bigint PRIMARY KEY,
    leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
    relation text NOT NULL,
    fact_id text NOT NULL
)""")
    op.execute("""
CREATE TABLE beleg_log.tiles (
    level smallint NOT NULL CHECK (level > 0),
    number bigint NOT NULL CHECK (number >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, number)
)""")
    op.execute("""
CREATE TABLE beleg_log.checkpoints (
    size bigint PRIMARY KEY CHECK (size >= 0),
    note text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
)""")
    op.execute("""
CREATE TABLE beleg_log.keys (
    scope text NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL,
    answer bytea NOT NULL,
    places bigint[] NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (scope, name)
)""")
    op.execute("""
CREATE TABLE beleg_log.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    body bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at timestamptz,
    dead_at timestamptz,
    error text
)""")
    op.execute("CREATE INDEX outbox_due ON beleg_log.outbox (next_at) WHERE sent_at IS NULL AND dead_at IS NULL")
    op.execute("CREATE TABLE beleg_log.cursors (name text PRIMARY KEY, value text NOT NULL)")

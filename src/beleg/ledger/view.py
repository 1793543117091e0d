"""The facts as tables: narrowed to what is asked about (the scope) and to what was known by a moment (as of)."""

from collections.abc import Callable

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from beleg.ledger.engines.base import Engine
from beleg.ledger.recall import Compiled, Recall

# How a table without an order number reaches one: by this column, through that table.
REACH = (("parcel_id", "parcels"), ("lpn", "receipts"), ("serial", "packed_serials"), ("account_id", "orders"))

# Stands for the bound parameter while an expression is compiled; no order number can look like it.
SCOPE_MARK = "\u0001scope\u0001"

# Stands likewise for the moment a statement speaks of, where it is asked again and again as time goes by; no moment can be it.
AS_OF_MARK = (1 << 62) + 0x62656C6567


class View:
    """What proofs and detectors read. The scope is pushed down to every leaf here, and nowhere else.

    Steps that others build on (slices, evidence, ...) are asked for with `step`. When the whole audit runs (`keeping`), each is
    computed once and kept under its name; when one order is asked about, each becomes a common table expression of that name,
    so that one statement answers, which an engine can prepare.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        as_of: int | None = None,
        order_id: str | None = None,
        keeping: bool = False,
        moments: ir.Table | None = None,
    ) -> None:
        """Say what is asked about.

        Args:
            engine: where the facts are.
            as_of: what became known later is left out, in microseconds.
            order_id: only this order.
            keeping: compute each step once and keep it.
            moments: only these orders (order_id), each with the moment (moment) after which nothing is known of it; a parcel or a
                unit that several of them share is known as of the earliest.
        """
        self.engine = engine
        self.moments = moments
        self.as_of = as_of
        self.order_id = order_id
        self.keeping = keeping
        self.read: set[str] = set()  # the tables of facts that were asked for
        self.beyond: set[str] = set()  # and those beyond the scope
        self._assumed: dict[str, ir.Table] = {}
        self._leaves: dict[str, ir.Table] = {}
        self._steps: dict[str, ir.Table] = {}
        self._expressions: dict[str, str] = {}

    def table(self, name: str) -> ir.Table:
        """A table of facts, of the scope's orders only, known by the moment the view speaks of."""
        self.read.add(name)
        if name not in self._leaves:
            self._leaves[name] = self._scoped(name, self._known(self._recorded(name)))
        return self._leaves[name]

    def everywhere(self, name: str) -> ir.Table:
        """A table of facts beyond the scope, for what another order may say about this one; join it by an indexed column."""
        self.beyond.add(name)
        return self._known(self._recorded(name))

    def assume(self, name: str, facts: ir.Table) -> None:
        """Take these facts for recorded too; to be said before anything is asked of the table."""
        self._assumed[name] = facts

    def _recorded(self, name: str) -> ir.Table:
        table = self.engine.table(name)
        return table.union(self._assumed[name].select(*table.columns)) if name in self._assumed else table

    def narrowed(self, name: str, asked: ir.Table) -> ir.Table:
        """A table of facts, of the orders (order_id) that `asked` speaks of.

        By one column engines skim a large table instead of joining it whole. A view of one order is that narrow already.
        """
        return self.table(name) if self.order_id is not None else self.table(name).semi_join(asked, "order_id")

    def step(self, name: str, build: Callable[["View"], ir.Table]) -> ir.Table:
        """A derived table, built at most once."""
        if name not in self._steps:
            built = build(self)
            self._steps[name] = self.engine.keep(f"step_{name}", built) if self.keeping else self._named(f"step_{name}", built)
        return self._steps[name]

    def lasting(self, name: str, build: Callable[["View"], ir.Table]) -> ir.Table:
        """A step that is the same expression whatever the facts, so that an earlier run may have compiled it (`ledger.recall`)."""
        if self.keeping and name not in self._steps:
            self._steps[name] = self.make(f"step_{name}", build)
        return self.step(name, build)

    def ask(self, name: str, build: Callable[["View"], ir.Table]) -> pa.Table:
        """The rows of a question that is the same expression whatever the facts, as a lasting step is."""
        if (recall := self._recall()) is None:
            return self.rows(build(self))
        asked = self._compiled(recall, f"ask_{name}", build)
        return self.engine.run(asked.statement, asked.schema)

    def make(self, name: str, build: Callable[["View"], ir.Table]) -> ir.Table:
        """A table to be asked for with `prepared`; the same expression whatever the facts, as a lasting step is."""
        if (recall := self._recall()) is None:
            return self.engine.keep(name, build(self))
        made = self._compiled(recall, name, build)
        return self.engine.make(name, made.statement, made.schema)

    def _recall(self) -> Recall | None:
        """What an earlier run compiled speaks of all facts, whoever knew them when."""
        whole = self.as_of is None and self.order_id is None and self.moments is None and not self._assumed
        return self.engine.recall if whole else None

    def _compiled(self, recall: Recall, name: str, build: Callable[["View"], ir.Table]) -> Compiled:
        """A statement from an earlier run, else built, compiled and kept for the next; the steps that it reads are made."""
        known = recall.get(name)
        if known is None or not self._in_reach(recall, known):
            built = build(self)
            known = Compiled.of(self.engine.statement(built), built.schema().to_pyarrow())
            recall.learn(name, known)
        self._make_steps(recall, known)
        return known

    def _in_reach(self, recall: Recall, asked: Compiled) -> bool:
        """Whether every step that a statement reads is made, or known itself."""
        read = (recall.get(f"step_{step}") for step in asked.steps - self._steps.keys())
        return all(one is not None and self._in_reach(recall, one) for one in read)

    def _make_steps(self, recall: Recall, asked: Compiled) -> None:
        for step in sorted(asked.steps):
            if step not in self._steps and (known := recall.get(f"step_{step}")) is not None:
                self._make_steps(recall, known)
                self._steps[step] = self.engine.make(f"step_{step}", known.statement, known.schema)

    def _named(self, name: str, built: ir.Table) -> ir.Table:
        self._expressions[name] = self.engine.sql(built)
        return ibis.table(built.schema(), name=name)

    def sql(self, expression: ir.Table) -> str:
        """The whole statement that answers an expression over this view; `SCOPE_MARK` and `AS_OF_MARK` are its bound parameters."""
        steps = ",\n".join(f"{self.engine.quoted(name)} AS (\n{sql}\n)" for name, sql in self._expressions.items())
        statement = f"WITH {steps}\n{self._final(expression)}" if steps else self.engine.sql(expression)
        return statement.replace(f"'{SCOPE_MARK}'", self.engine.parameter).replace(str(AS_OF_MARK), self.engine.moment)

    def _final(self, expression: ir.Table) -> str:
        # the expression's own common table expressions go inside, behind the steps
        return f"SELECT * FROM (\n{self.engine.sql(expression)}\n) AS answer"

    def rows(self, expression: ir.Table) -> pa.Table:
        """Run an expression over this view."""
        if not self._expressions:
            return self.engine.rows(expression)
        return self.engine.run(self.sql(expression), expression.schema().to_pyarrow())

    def prepared(self, name: str) -> ir.Table:
        """A small table computed beforehand (people, matches, weights); of the scope's order only, where it names orders."""
        whole = self.engine.table(name)
        return whole if self.order_id is None or "order_id" not in whole.columns else self._of_order(whole)

    def _known(self, leaf: ir.Table) -> ir.Table:
        if self.as_of is None:
            return leaf
        return leaf.filter(leaf.known_at.isnull() | (leaf.known_at <= self.as_of))

    def _of_order(self, table: ir.Table) -> ir.Table:
        return table.filter(table.order_id == ibis.literal(self.order_id))

    def _scoped(self, name: str, leaf: ir.Table) -> ir.Table:
        if self.moments is not None:
            return self._by_moment(leaf, self.moments)
        if self.order_id is None:
            return leaf
        if "order_id" in leaf.columns:
            mine = self._of_order(leaf)
            return mine.union(self._tied(leaf), distinct=False) if name == "refunds" else mine
        for column, through in REACH:
            if column in leaf.columns:
                reached = self.table(through)
                return leaf.semi_join(reached.filter(reached[column].notnull())[[column]], column)
        return leaf

    def _by_moment(self, leaf: ir.Table, moments: ir.Table) -> ir.Table:
        if "order_id" in leaf.columns:
            return _before(leaf, moments, "order_id")
        for column, through in REACH:
            if column in leaf.columns:
                reached = self._known(self.engine.table(through)).join(moments, "order_id")
                keyed = reached.filter(reached[column].notnull()).group_by(column).agg(moment=reached.moment.min())
                return _before(leaf, keyed, column)
        return leaf

    def _tied(self, refunds: ir.Table) -> ir.Table:
        """The refunds that name no order and were tied to this one beforehand."""
        loose = refunds.filter(refunds.order_id.isnull())
        return loose.semi_join(self.prepared("matches"), loose.id == self.prepared("matches").fact_id)


def _before(leaf: ir.Table, moments: ir.Table, key: str) -> ir.Table:
    """The rows of these keys that were known by the moment of each."""
    timed = leaf.join(moments.select(key, "moment"), key)
    return timed.filter(timed.known_at.isnull() | (timed.known_at <= timed.moment)).drop("moment")

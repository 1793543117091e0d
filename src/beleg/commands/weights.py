"""The weights' command: learn them from closed cases, show what would change, and propose them; a person puts them in force."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import cyclopts
import msgspec
import pyarrow as pa
from cyclopts import Parameter

from beleg.audit.closed import closed
from beleg.audit.history import History
from beleg.audit.learning import Proposal, Taught, brief, propose
from beleg.audit.settings import pseudonym_key
from beleg.cases.labels import labels
from beleg.cases.sampling import Sampling, overturned
from beleg.commands.telling import bar, told
from beleg.facts.kinds.cases import WeightsProposal
from beleg.ledger.store.base import Unit
from beleg.ledger.store.settings import LedgerSettings, settings
from beleg.ledger.store.store import Store, open_store
from beleg.web.console.desk import Desk, envelope
from beleg.web.settings import from_environment
from beleg.weigh.learn import STRENGTH
from beleg.weigh.patterns import family_in_words, in_words
from beleg.weigh.weights import Weights, text

app = cyclopts.App(name="weights", help="What evidence weighs, learned from a shop's own closed cases.")

MOST = 20  # changes that are printed
_REMARK = "Learned by `beleg weights learn`. In force where BELEG_WEIGHTS or --weights names it, once another person has signed."


@app.command
def learn(
    *,
    author: str,
    out: Path = Path("weights.toml"),
    store: Annotated[str | None, Parameter(name=["--store"])] = None,
    history: str = "",
    mapping: str | None = None,
    second_readings: Annotated[float, Parameter(validator=cyclopts.validators.Number(gte=0, lte=1))] = 0.1,
    json: bool = False,
) -> None:
    """Learn weights from the closed cases of a ledger, show what they would change, and write them down as a proposal.

    The shipped weights are the prior. Nothing changes until another person has read the file, put their name behind `approver`,
    and BELEG_WEIGHTS or --weights names it.

    Example: ``beleg weights learn --author "A. Author" --out our-weights.toml``

    Parameters
    ----------
    author:
        Who has them learned; somebody else has to agree to their use.
    out:
        Where the weights go.
    store:
        A folder for the embedded store, or ``postgresql://...``; by default BELEG_DATABASE_URL, else BELEG_STORE, else
        ``beleg-store`` here.
    history:
        Exports in which the cases' refunds are found; by default what the ledger holds itself.
    mapping:
        A shipped mapping's name or a TOML file, for the exports.
    second_readings:
        The share of closed cases that a second person reads, as the console was told.
    json:
        Print the whole answer as JSON.
    """
    with told(), tempfile.TemporaryDirectory(prefix="beleg-") as work, bar() as (progress, task):
        chosen = settings(store)
        with closing(open_store(chosen.where)) as opened:
            taught = asyncio.run(_taught(opened, Sampling(_key(chosen), second_readings)))
            where = History(path=history, store=opened.service, mapping=mapping, key=pseudonym_key())
            learned, proposal = propose(
                where, taught, Path(work), lambda step, share: progress.update(task, description=step, completed=share)
            )
            signed = msgspec.structs.replace(learned, author=author)
            if proposal.labels:
                out.write_text(text(signed, _REMARK), encoding="utf-8")
                asyncio.run(_keep(opened, signed, proposal))
    answer = msgspec.json.encode(proposal).decode() if json else "\n".join(lines(proposal, out))
    sys.stdout.write(answer + "\n")


def closed_cases(store: str, second_readings: float = 0.1) -> pa.Table:
    """What the closed cases of a ledger came to, as an audit reads it (`audit.closed`)."""
    chosen = settings(store)
    with closing(open_store(chosen.where)) as opened:
        return closed_in(opened, chosen, second_readings)


def closed_in(opened: Store, chosen: LedgerSettings, second_readings: float = 0.1) -> pa.Table:
    """The same of a store that is open."""
    return closed(asyncio.run(_taught(opened, Sampling(_key(chosen), second_readings))).labels)


def _key(chosen: LedgerSettings) -> bytes:
    """What second readings are drawn by: the service's key where it is set here, else the console's own, else this user's."""
    if key := from_environment().hash_key:
        return key.encode()
    own = (chosen.folder or chosen.key.parent) / "console.key"
    return pseudonym_key(own if own.exists() else None)


async def _taught(store: Store, sampling: Sampling) -> Taught:
    async with store.running():
        desk = Desk(store, sampling, pseudonym_key(), lambda _currency: 1.0)
        await desk.refresh()
    return Taught(labels(desk.book), overturned(desk.book))


async def _keep(store: Store, weights: Weights, proposal: Proposal) -> None:
    fact = WeightsProposal(
        **envelope(),
        version=weights.version,
        author=weights.author,
        learned_at=weights.learned_at,
        labels=proposal.labels,
        summary=msgspec.json.encode(brief(proposal)).decode(),
    )
    async with store.running():
        await store.commit(Unit(facts=(fact,)))


def lines(proposal: Proposal, out: Path) -> Iterator[str]:
    """What was learned, as text."""
    if not proposal.labels:
        yield "No closed case says anything of a refund yet: the shipped weights stay as they are, and nothing was written."
        return
    outcomes = ", ".join(f"{many:,} {name.replace('_', ' ')}" for name, many in proposal.outcomes.items())
    yield f"Weights {proposal.version}: {proposal.labels:,} labels of {proposal.cases:,} closed cases ({outcomes})"
    yield f"  Each table of the shipped weights counts for as much as {STRENGTH:.0f} labels."
    if proposal.not_found:
        yield f"  {proposal.not_found:,} findings are about nothing in this history that was refunded, and teach nothing."
    yield f"  Read twice: {proposal.read_twice:,}, of which {proposal.overturned:,} came out otherwise."
    if proposal.held_out:
        tried = proposal.held_out
        yield f"  Held out: pairs in the right order {tried.before:.1%} before, {tried.after:.1%} after."
    else:
        yield "  Held out: too few labels to tell whether they rank any better."
    yield ""
    yield "Largest changes (bits before, after; labels):"
    for one in proposal.changes[:MOST]:
        behind = ", ".join(f"{many} {name.replace('_', ' ')}" for name, many in one.labels.items()) or "none of its own"
        yield f"  {family_in_words(one.family)}, {one.kind}: {in_words(one.family, one.pattern)}"
        yield f"    {one.method}: {one.before:+.2f} -> {one.after:+.2f} ({behind})"
    if len(proposal.changes) > MOST:
        yield f"  and {len(proposal.changes) - MOST:,} more; --json prints them all"
    yield ""
    yield f"Written to {out}. To use them, another person reads this, writes their name behind `approver` there,"
    yield f"and BELEG_WEIGHTS={out} (beleg serve) or --weights {out} (beleg audit, beleg backtest) names the file."

"""The ledger's commands: make it, bring it up to date, fill it, sign it, prove an entry, erase personal data, verify the whole."""

import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import cyclopts
import msgspec
from cyclopts import Parameter
from rich.console import Console

from beleg.audit.settings import AuditSettings, pseudonym_key
from beleg.audit.watch import watch
from beleg.commands.telling import FOUND, bar, told
from beleg.commands.weights import closed_in
from beleg.connect import read
from beleg.facts.kinds.gate import Erasure
from beleg.ledger.log.merkle import ProofError
from beleg.ledger.log.note import NoteError, Verifier
from beleg.ledger.log.proof import EntryProof
from beleg.ledger.store.bulk import append_tables
from beleg.ledger.store.checkpoints import Checkpoints
from beleg.ledger.store.embedded import running
from beleg.ledger.store.erase import erase as erase_fact
from beleg.ledger.store.migrate import migrate as bring_up
from beleg.ledger.store.settings import LedgerSettings, settings
from beleg.ledger.store.store import Store, open_store
from beleg.ledger.store.verify import Verified, last_note
from beleg.ledger.store.verify import verify as verify_store
from beleg.report import render, write_report

app = cyclopts.App(name="ledger", help="The ledger that facts are appended to, embedded or in PostgreSQL.")

Where = Annotated[str | None, Parameter(name=["--store"])]


@app.command
def init(*, store: Where = None) -> None:
    """Make a ledger, or bring one up to this version, and print the public key its checkpoints are signed with.

    Example: ``beleg ledger init --store /srv/beleg``

    Parameters
    ----------
    store:
        A folder for the embedded store, or ``postgresql://...``; by default BELEG_DATABASE_URL, else BELEG_STORE, else
        ``beleg-store`` here. So it is for every command of the ledger.
    """
    with _opened(store) as (chosen, _):
        key = str(chosen.signer().verifier)
    _say(f"The ledger is in {chosen.where}. Keep this public key somewhere else; whoever verifies needs it:")
    sys.stdout.write(key + "\n")


@app.command
def migrate(*, owner: str | None = None) -> None:
    """Bring a PostgreSQL database up to this version, as its owner. The service itself works as the role beleg_service.

    Example: ``beleg ledger migrate --owner postgresql://beleg_owner@db.example/beleg``

    Parameters
    ----------
    owner:
        The database's address as its owner; by default BELEG_OWNER_DATABASE_URL.
    """
    with told():
        address = owner or settings().owner
        if address is None:
            raise ValueError("owner: got none, expected --owner postgresql://... or BELEG_OWNER_DATABASE_URL")
        bring_up(address)
    _say("The database is up to date.")


@app.command
def append(path: str, *, store: Where = None, mapping: str | None = None) -> None:
    """Append exports to the ledger, read as an audit reads them. What is there already is passed over.

    Example: ``beleg ledger append exports/ --mapping hamburg_wms.toml``

    Parameters
    ----------
    path:
        A folder, a file or a glob of CSV, JSON, JSON Lines or Parquet, each perhaps gzipped.
    store:
        Where the ledger is.
    mapping:
        A shipped mapping's name or a TOML file.
    """
    with _opened(store) as (_, opened), tempfile.TemporaryDirectory(prefix="beleg-") as work, _progress() as step:
        intake = read(path, mapping, Path(work), step, secret=pseudonym_key())
        done = append_tables(opened.service, intake.tables, lambda share: step("appending", share))
    _say(f"{done.facts:,} facts read, {done.fresh:,} of them new.")
    if intake.quarantine:
        _say(f"{len(intake.quarantine):,} rows could not be read; `beleg audit` lists them with what to mend.")


@app.command
def audit(
    *,
    store: Where = None,
    out: Path = Path("beleg-report"),
    budget: Annotated[int, Parameter(validator=cyclopts.validators.Number(gte=1))] = 200,
    weights: str = "",
    staff: bool = False,
) -> None:
    """Audit what the ledger holds, and bring the findings in it up to date; `beleg serve` does so by itself.

    A finding that rests on the same facts as before stays as it is. One that is gone is withdrawn, because of the fact that spoke.
    What its closed cases came to counts.

    Example: ``beleg ledger audit --store /srv/beleg``

    Parameters
    ----------
    store:
        Where the ledger is.
    out:
        The folder for the report, as `beleg audit` writes it.
    budget:
        How many alerts your team can work.
    weights:
        A file of your own weights, which `beleg weights learn` wrote and two persons stand behind.
    staff:
        Judge members of staff too. Ask your works council and your data-protection officer first.
    """
    with _opened(store) as (chosen, opened), tempfile.TemporaryDirectory(prefix="beleg-") as work, _progress() as step:
        settings = AuditSettings(
            store=opened.service, as_of=time.time_ns() // 1000, work=Path(work), budget=budget, weights=weights, staff=staff,
            key=pseudonym_key(), closed=closed_in(opened, chosen),
        )  # fmt: skip
        seen = watch(settings, out, step)
        report = write_report(seen[0], out, staff=staff) if seen else None
    if seen is None or report is None:
        _say("Another process is auditing this ledger; nothing was done.")
        sys.exit(FOUND)
    render(seen[0], Console(), report=report)
    _say(f"{seen[1]:,} new facts on findings were appended to the ledger.")


@app.command
def checkpoint(*, store: Where = None) -> None:
    """Sign how the log stands now, send that where checkpoints go (BELEG_CHECKPOINT_SINKS), and print it.

    Example: ``beleg ledger checkpoint > /mnt/elsewhere/checkpoint.txt``

    Parameters
    ----------
    store:
        Where the ledger is.
    """
    with _opened(store) as (chosen, opened):
        note = Checkpoints(opened.service, chosen.signer(), chosen.sinks).make()
    sys.stdout.write(note)


@app.command
def prove(table: str, fact: str, *, store: Where = None) -> None:
    """Print the proof that one fact is in the log, for `beleg verify --proof`. It holds the fact itself in the clear.

    Example: ``beleg ledger prove refunds R-4711 > R-4711.tlog-proof``

    Parameters
    ----------
    table:
        The fact's table, such as refunds.
    fact:
        The fact's id.
    store:
        Where the ledger is.
    """
    with _opened(store) as (chosen, opened):
        text = Checkpoints(opened.service, chosen.signer(), chosen.sinks).prove(table, fact).text()
    sys.stdout.write(text)


@app.command
def erase(
    table: str, fact: str, *, why: str, store: Where = None, login: str | None = None, column: list[str] | None = None
) -> None:
    """Erase the personal data of one fact, on record. `beleg verify` then shows it as erased, not as edited.

    Example: ``beleg ledger erase claims C-17 --why "Art. 17 GDPR, request of 3 March"``

    Parameters
    ----------
    table:
        The fact's table.
    fact:
        The fact's id.
    why:
        The request or the rule.
    store:
        Where the ledger is; a database needs its owner's address as well (BELEG_OWNER_DATABASE_URL).
    login:
        Who ordered it.
    column:
        What to empty; by default every text that may be empty and ties nothing to an order.
    """
    with _opened(store) as (chosen, opened):
        owner = opened.owner or chosen.owner
        if owner is None:
            raise ValueError("owner: an erasure needs the owner's rights, set BELEG_OWNER_DATABASE_URL")
        named = f"erasure {secrets.token_hex(8)}"
        erase_fact(owner, Erasure(id=named, source="ledger", relation=table, fact_id=fact, why=why, login=login), column)
    _say(f"{table} {fact}: erased.")


def verify(
    *,
    store: Where = None,
    key: str | None = None,
    checkpoint: Path | None = None,
    proof: Path | None = None,
    json: bool = False,
) -> None:
    """Verify the whole ledger, against a checkpoint that was kept elsewhere; or one exported proof, without any store.

    Ends with 0 if everything is as it was written, with 1 if something is not.

    Example: ``beleg verify --checkpoint /mnt/elsewhere/checkpoint.txt``

    Parameters
    ----------
    store:
        Where the ledger is. It may be in use.
    key:
        The log's public key, or a file with it; by default the one that belongs to the key of this host.
    checkpoint:
        A file with a checkpoint that was kept off the host; of several, the last one.
    proof:
        A file with one entry's proof; nothing else is read then.
    json:
        Print all that was found as JSON.
    """
    with told():
        chosen = settings(store)
        try:
            trusted = _key(key, chosen)
            if proof is not None:
                _prove(proof, trusted)
                return
            outside = last_note(checkpoint.read_text(encoding="utf-8")) if checkpoint else None
            with _readable(chosen) as address, _progress() as step:
                found = verify_store(address, trusted, outside, step)
        except (ProofError, NoteError) as wrong:
            _say(f"beleg: {wrong}")
            sys.exit(FOUND)
    if json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        _show(found)
    sys.exit(0 if found.whole else FOUND)


def _key(key: str | None, chosen: LedgerSettings) -> Verifier:
    if key is None:
        return chosen.signer().verifier
    return Verifier.read(Path(key).read_text(encoding="utf-8") if Path(key).is_file() else key)


def _prove(proof: Path, trusted: Verifier) -> None:
    entry = EntryProof.read(proof.read_text(encoding="utf-8"))
    under = entry.check(trusted)
    sys.stdout.write(entry.written.decode() + "\n")
    _say(f"This is entry {entry.place} of the log {under.origin}, under its checkpoint for {under.size} entries.")


@contextmanager
def _opened(store: str | None) -> Iterator[tuple[LedgerSettings, Store]]:
    """The settings and the open store; what cannot be used is told."""
    with told():
        chosen = settings(store)
        opened = open_store(chosen.where)
        try:
            yield chosen, opened
        finally:
            opened.close()


@contextmanager
def _readable(chosen: LedgerSettings) -> Iterator[str]:
    """An address to read from: of the server that runs, as a store may be in use while it is verified, else of one started now."""
    address = running(chosen.folder) if chosen.folder else None
    if address:
        yield address
        return
    opened = open_store(chosen.where)
    try:
        yield opened.service
    finally:
        opened.close()


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    with bar() as (shown, task):
        yield lambda step, share: shown.update(task, description=step, completed=share)


def _say(words: str) -> None:
    Console(stderr=True, highlight=False).print(words, markup=False, soft_wrap=True)


def _show(found: "Verified") -> None:
    outside = f"an outside checkpoint for {found.outside:,} entries" if found.outside is not None else "no outside checkpoint"
    _say(f"{found.entries:,} entries, {found.facts:,} facts, {found.checkpoints:,} signed checkpoints, {outside}.")
    if found.erased:
        _say(f"{found.erased:,} facts were erased, on record.")
    for problem in found.problems:
        where = f" {problem.relation} {problem.fact_id}".rstrip()
        at = "" if problem.place is None else f" at {problem.place}"
        _say(f"{problem.kind}{where}{at}: {problem.why}" + (f" (leaf {problem.leaf})" if problem.leaf else ""))
    for kind, many in found.counts.items():
        named = sum(problem.kind == kind for problem in found.problems)
        if many > named:
            _say(f"{kind}: {many - named:,} more")
    _say("Everything is as it was written." if found.whole else "This ledger is not as it was written.")

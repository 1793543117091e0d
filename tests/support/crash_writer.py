"""Writes to an embedded store until it is killed, and says on its output what was acknowledged; run by `support.crashes`."""

import asyncio
import sys
from pathlib import Path

from beleg.ledger.store.base import Key, Message, Unit
from beleg.ledger.store.store import Store, open_store
from support.stores import bought, release

CLIENTS = 16


async def client(store: Store, run: str, number: int) -> None:
    """Orders and their releases, one behind the other; each is sent twice, as by somebody who did not hear the answer."""
    for step in range(10**9):
        name = f"{run}-{number}-{step}"
        for unit in (Unit(facts=bought(name)), release(name, name)):
            keyed = Unit(facts=unit.facts, key=Key("client", unit.facts[0].id, b"body"), messages=(Message("shop", name.encode()),))
            first = await store.commit(keyed)
            again = await store.commit(keyed) if step % 3 == 0 else first
            assert first.places == again.places
            sys.stdout.write("".join(f"{fact.id}\n" for fact in unit.facts))
            sys.stdout.flush()


async def write(store: Store, run: str) -> None:
    async with store.running():
        sys.stdout.write("running\n")
        sys.stdout.flush()
        await asyncio.gather(*(client(store, run, number) for number in range(CLIENTS)))


if __name__ == "__main__":
    asyncio.run(write(open_store(Path(sys.argv[1]), patience=60), sys.argv[2]))

"""What a careful analyst would write with pandas to get Beleg's findings: every slice's proofs and standing, and all detectors.

The counterpart of ``by_hand.sql``, with the same limits: complete exports in Beleg's layout, nothing checked, weighed or explained.
It writes states.parquet and found.parquet.
"""

from pathlib import Path

import pandas as pd

from bench.by_hand_pandas.evidence import evidence_of
from bench.by_hand_pandas.findings import found_by
from bench.by_hand_pandas.slices import allocations, people_of, return_parcels, slices_of
from bench.by_hand_pandas.states import overpaid, states_of
from bench.by_hand_pandas.tables import COLUMNS, PROOFS, Frame, Known, Tables, of_slice


def run(world: Path, out: Path) -> None:
    """Answer, and write the answer."""
    tables = {name: pd.read_parquet(world / f"{name}.parquet", columns=columns.split()) for name, columns in COLUMNS.items()}
    as_of = max(pd.read_parquet(path, columns=["known_at"]).known_at.max() for path in world.glob("*.parquet"))
    states, found = answer(tables, as_of)
    out.mkdir(parents=True, exist_ok=True)
    states.to_parquet(out / "states.parquet", index=False)
    found.to_parquet(out / "found.parquet", index=False)


def answer(t: Tables, as_of: int) -> tuple[Frame, Frame]:
    """The states of all slices, and what the detectors found."""
    people = people_of(t)
    slices, paid_by = slices_of(t, allocations(t))
    parcels, scans = return_parcels(t, slices)
    receipts = of_slice(t["receipts"], slices)
    receipts["person"] = receipts.actor.map(people)
    known = Known(t=t, people=people, slices=slices, paid_by=paid_by, parcels=parcels, scans=scans, receipts=receipts)
    evidence = evidence_of(known)
    over = overpaid(t, slices)
    states = states_of(known, evidence, over, as_of)
    found = found_by(known, states, evidence, over)
    return states[["slice_id", "refund_class", "amount", "components", "standing", *PROOFS]], found

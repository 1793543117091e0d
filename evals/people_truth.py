"""What is true of people in one world: who did what by when, who is in which ring, and what honest people look like."""

from pathlib import Path

import msgspec
import pandas as pd
import pyarrow.parquet as pq


class Culprit(msgspec.Struct, frozen=True):
    """One account or member of staff behind frauds: its role, its ring, and its frauds as instants and amounts in minor units.

    Currencies are added as they stand: shares of money hardly depend on it.
    """

    kind: str
    subject: str
    role: str
    ring: str
    times: tuple[int, ...]
    amounts: tuple[int, ...]

    def by(self, when: int) -> tuple[int, int]:
        """How many frauds until then, and their money."""
        done = [amount for time, amount in zip(self.times, self.amounts, strict=True) if time <= when]
        return len(done), sum(done)


class People:
    """The truth about one world."""

    def __init__(self, directory: Path) -> None:
        self.slices = pq.read_table(directory / "_truth" / "slices.parquet").to_pandas()
        self.parts = pq.read_table(directory / "_truth" / "subjects.parquet").to_pandas()
        frauds = self.slices[self.slices.label == "fraud"]
        self.accounts = self._culprits("account", frauds, "account_id")
        self.staff = self._culprits("staff", frauds, "actor")
        self.honest = set(self.slices[self.slices.label == "honest"].slice_id)
        self.roles = self._roles()
        self.rings = self._rings()

    def _culprits(self, kind: str, frauds: pd.DataFrame, column: str) -> dict[str, Culprit]:
        found = {}
        for value, rows in frauds[frauds[column] != ""].groupby(column):
            ordered = rows.sort_values("refunded_at")
            ring = next((name for name in ordered.ring if name), "")
            schemes = set(ordered.scheme)
            role = "ring" if ring else "taken over" if schemes == {"takeover"} else "lone"
            name = str(value)
            found[name] = Culprit(kind, name, role, ring, tuple(ordered.refunded_at), tuple(ordered.amount))
        return found

    def _roles(self) -> dict[str, set[str]]:
        """Every part that anybody plays, honest ones included."""
        roles: dict[str, set[str]] = {}
        for subject, role in zip(self.parts.subject, self.parts.role, strict=True):
            roles.setdefault(subject, set()).add(role)
        return roles

    def _rings(self) -> dict[str, set[str]]:
        """The accounts of each ring that act for it at any time."""
        rings: dict[str, set[str]] = {}
        for one in self.accounts.values():
            if one.ring:
                rings.setdefault(one.ring, set()).add(one.subject)
        return rings

    def ring_frauds(self) -> list[tuple[str, str, str, str, int, int]]:
        """Every refund of a ring: slice, ring, account, member of staff, when, and how much."""
        rows = self.slices[(self.slices.label == "fraud") & (self.slices.ring != "")]
        columns = ("slice_id", "ring", "account_id", "actor", "refunded_at", "amount")
        return list(zip(*(rows[name].tolist() for name in columns), strict=True))

    def guilty(self, kind: str, subject: str, when: int) -> bool:
        """Whether naming this one by then is right: it acted, is a ring's, or is staff who take part without acting."""
        culprits = self.accounts if kind == "account" else self.staff
        acted = subject in culprits and culprits[subject].by(when)[0] > 0
        return acted or bool(self.roles.get(subject, set()) & CROOKED[kind])

    def looks(self, subject: str) -> str:
        """What an honest one looks like: the decoys it is part of."""
        return ", ".join(sorted(self.roles.get(subject, set()))) or "nothing in particular"


# Parts in a plot that leave no act of one's own. Those who only may act, as lone insiders, count when they have.
CROOKED = {
    "account": {"customer", "made", "recruiter", "lent", "banned", "returned", "paid reviewer"},
    "staff": {"desk pair", "former colleague"},
}

"""What a detector says about subjects: each row one comparison with peers, in numbers that the weighing can add up."""

import msgspec
import pyarrow as pa

# One comparison a row. subject: account, ring or person; counterpart: who it was seen with, where the question is about two.
# stratum: the group it was held against, in words; peers: how many others are in it. observed and expected are in the card's
# `measure`. p: how often chance alone does as much among honest subjects; log2_e: an e-value's logarithm. One of the two may be
# empty. log2_daily: the e-value of the sequential form, which may be looked at every day.
_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("subject", pa.string()),
    ("counterpart", pa.string()),
    ("stratum", pa.string()),
    ("peers", pa.int64()),
    ("observed", pa.float64()),
    ("expected", pa.float64()),
    ("p", pa.float64()),
    ("log2_e", pa.float64()),
    ("log2_daily", pa.float64()),
]
JUDGED = pa.schema(_COLUMNS)

# A ring's accounts, and what ties them: an entity of some kind, seen on an account, with the bits that this tie is worth.
_TIES: list[tuple[str, pa.DataType]] = [(name, pa.string()) for name in ("subject", "account", "kind", "entity")]
MEMBERS = pa.schema(_TIES[:2])
LINKS = pa.schema([*_TIES, ("bits", pa.float64())])

# Who is in which ring, a prepared table for detectors that ask who serves them: ring, account. Empty until rings were judged.
RING_MEMBERS = "ring_members"

# The refunds that stand above the line, a prepared table: slice_id, and what each weighs over the prior, in thousandths of a bit.
# Empty until refunds were weighed.
ABOVE_LINE = "above_line"
_EVIDENCE: list[tuple[str, pa.DataType]] = [("slice_id", pa.string()), ("millibits", pa.int64())]
ABOVE = pa.schema(_EVIDENCE)

# What closed cases came to, a prepared table: slice_id or account_id, which the case was about; wrong, 1 where fraud was confirmed
# and 0 where it was not; closed_at. Each subject once. Empty where no cases were named.
CLOSED_CASES = "closed_cases"
_CLOSED: list[tuple[str, pa.DataType]] = [
    ("slice_id", pa.string()), ("account_id", pa.string()), ("wrong", pa.int64()), ("closed_at", pa.int64()),
]  # fmt: skip
CLOSED = pa.schema(_CLOSED)

# What an answer rests on, in words: how much of the number observed each part of what was counted brings.
_PARTS: list[tuple[str, pa.DataType]] = [("subject", pa.string()), ("says", pa.string()), ("brings", pa.float64())]
PARTS = pa.schema(_PARTS)

# The numbers that stand for names until these are fetched, of whom is said anything: what they number, and the number.
_NUMBERS: list[tuple[str, pa.DataType]] = [("what", pa.string()), ("number", pa.int64())]
NUMBERS = pa.schema(_NUMBERS)

# Fewer peers of the same site, role and shift, or of the same kind of customer, and nobody is compared with anybody.
FEWEST_PEERS = 10


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """All that one detector says.

    rows: `JUDGED`, at least every comparison that may stand out; tests: how many comparisons were made, those without a row
    included; searched: the p-values have paid for the search by which the rows were found, so that tests cost no more; too_few:
    the subjects that had too few peers to be compared with; members (`MEMBERS`): of rings; links (`LINKS`): of rings, and of
    accounts to what they share; parts (`PARTS`): what the number observed is made of, where it is no plain count; numbers
    (`NUMBERS`): which numbers stand, as texts, where names belong, if any do; not_run: why nobody could be judged at all, if so.
    """

    rows: pa.Table
    tests: int
    searched: bool = False
    too_few: tuple[str, ...] = ()
    members: pa.Table = msgspec.field(default_factory=MEMBERS.empty_table)
    links: pa.Table = msgspec.field(default_factory=LINKS.empty_table)
    parts: pa.Table = msgspec.field(default_factory=PARTS.empty_table)
    numbers: pa.Table = msgspec.field(default_factory=NUMBERS.empty_table)
    not_run: str = ""

"""What an audit answers, as plain values: the terminal, the HTML report, `--json` and the tests all read this and nothing else."""

from msgspec import Struct

from beleg.connect import Book, Quarantined


class Sum(Struct, frozen=True):
    """So many refunds (slices) and so much money, in minor units of the report's currency."""

    count: int = 0
    amount: int = 0


class Totals(Struct, frozen=True):
    """Where the refunded money stands; the four parts add up to `refunded`, and only `gap` is called unsupported."""

    refunded: Sum
    supported: Sum
    gap: Sum
    unchecked: Sum
    not_yet_due: Sum


class Row(Struct, frozen=True):
    """One line of a breakdown: a month (2024-03), a method, a site or a refund class."""

    key: str
    refunded: Sum
    gap: Sum
    unchecked: Sum
    not_yet_due: Sum


class Coverage(Struct, frozen=True):
    """How well one source covers one place: days live and down, and how often a fact lacks where another source saw the goods."""

    proof: str
    source: str
    place: str
    first_day: str
    last_day: str
    days_live: int
    days_down: int
    facts: int
    witnessed: int
    missed: int
    down_days: tuple[str, ...] = ()


class DetectorRun(Struct, frozen=True):
    """Whether a detector ran and what it found; one that lacked its facts is *not run*, never clean.

    seconds: how long it took, the steps it shares with others not counted; 0 where the engine cannot tell.
    """

    name: str
    question: str
    family: str
    ran: bool
    not_run_because: str = ""
    findings: int = 0
    amount: int = 0
    about: str = "slice"
    seconds: float = 0.0


class ProofState(Struct, frozen=True):
    """One proof of one slice and the facts that say so."""

    proof: str
    state: str
    fact_ids: tuple[str, ...] = ()
    why: str = ""


class Reason(Struct, frozen=True):
    """One evidence family's part of the sum: the pattern seen, what honest refunds look like here, and the weight in bits."""

    family: str
    pattern: str
    bits: float
    norm: str
    detectors: tuple[str, ...] = ()
    fact_ids: tuple[str, ...] = ()


class Rival(Struct, frozen=True):
    """Another explanation of the same facts, and what would tell it apart."""

    name: str
    tells_apart: str


class Moment(Struct, frozen=True):
    """One fact on a slice's timeline. `at` is microseconds UTC, empty when the source gave no time."""

    at: int | None
    table: str
    text: str
    fact_id: str
    origin: str = ""


class Ranked(Struct, frozen=True):
    """One refund worth looking at, with its arithmetic. Amounts are in its own currency; `loss` is in the report's."""

    rank: int
    slice_id: str
    order: str
    line: str
    account: str
    article: str
    quantity: int
    amount: int
    currency: str
    loss: int
    refund_class: str
    method: str
    refunded_at: int | None
    site: str
    standing: str
    shared_parcel: bool
    components: int
    prior_bits: float
    bits: float
    proofs: tuple[ProofState, ...]
    reasons: tuple[Reason, ...]
    rivals: tuple[Rival, ...]
    would_change: tuple[str, ...]
    timeline: tuple[Moment, ...]
    above_line: bool


class Closes(Struct, frozen=True):
    """A source the shop lacks, and the money that could be checked with it."""

    source: str
    proofs: tuple[str, ...]
    refunds: Sum


class Matching(Struct, frozen=True):
    """How refunds were tied to purchases, by rule, and why the others were not."""

    rule: str
    refunds: Sum
    explanation: str


class StaffRow(Struct, frozen=True):
    """One member of staff, pseudonymised; only filled when staff sections were asked for."""

    person: str
    site: str
    receipts: int
    unsupported: Sum
    peers: int
    note: str


class Resting(Struct, frozen=True):
    """A fact that something rests on, and the part it plays."""

    fact_id: str
    role: str


class Part(Struct, frozen=True):
    """What one thing that was counted brings to the number observed, in words."""

    says: str
    brings: float


class Basis(Struct, frozen=True, kw_only=True):
    """One thing a subject rests on: what was counted, what peers lead one to expect, and how often chance does as much.

    `measure` is what was counted; `stratum` and `peers` the group held against; `counterpart` who it was seen with, if the
    question is about two; `effect` observed by expected; `p` or `e_bits` (an e-value's logarithm) what chance does; `daily_bits`
    the sequential form's evidence, which may be read every day; `passes` whether it alone is reason enough; `parts` what a score
    that was learned is made of, of a hundred.
    """

    detector: str
    family: str
    measure: str
    weak: bool
    passes: bool
    observed: float
    expected: float
    effect: float
    stratum: str
    peers: int
    bits: float
    counterpart: str = ""
    p: float | None = None
    e_bits: float | None = None
    daily_bits: float | None = None
    parts: tuple[Part, ...] = ()
    facts: tuple[Resting, ...] = ()


class Tie(Struct, frozen=True):
    """One line of a subject's graph: an account, or a member of staff, and what it is tied to, with the tie's bits."""

    account: str
    kind: str
    entity: str
    bits: float


class Subject(Struct, frozen=True, kw_only=True):
    """An account, a ring or a member of staff, under a pseudonym, with all that speaks for looking at it.

    `unsupported` is the refunds without proofs among what it rests on; `members` a ring's accounts; `ties` the graph's lines.
    """

    rank: int
    kind: str
    name: str
    bits: float
    unsupported: Sum
    refunds: Sum
    first_at: int | None
    last_at: int | None
    reasons: tuple[Basis, ...]
    rivals: tuple[Rival, ...]
    next_steps: tuple[str, ...]
    timeline: tuple[Moment, ...]
    members: tuple[str, ...] = ()
    ties: tuple[Tie, ...] = ()


class TooFew(Struct, frozen=True):
    """Subjects of one kind whom a detector compared with nobody, as they have too few peers."""

    detector: str
    kind: str
    subjects: tuple[str, ...]


class Subjects(Struct, frozen=True, kw_only=True):
    """Who may be behind it. A list fills only with what passes; `staff` is empty (None) when not asked for.

    `alert_chance` is the chance, fixed beforehand and divided over all detectors, that an honest shop's audit names anybody.
    """

    accounts: tuple[Subject, ...] = ()
    rings: tuple[Subject, ...] = ()
    staff: tuple[Subject, ...] | None = None
    too_few: tuple[TooFew, ...] = ()
    detectors: tuple[DetectorRun, ...] = ()
    alert_chance: float = 0.0


class Delay(Struct, frozen=True):
    """Honest customers first: how many refunds with all proofs a rule would have held up."""

    rule: str
    refunds: int
    share: float


class AuditResult(Struct, frozen=True, kw_only=True):
    """The whole answer of one audit."""

    beleg_version: str
    weights_version: str
    engine: str
    name: str
    as_of: int | None
    first_at: int | None
    currency: str
    rates_note: str
    totals: Totals
    by_month: tuple[Row, ...]
    by_method: tuple[Row, ...]
    by_site: tuple[Row, ...]
    by_class: tuple[Row, ...]
    budget: int
    ranked: tuple[Ranked, ...]
    above_line: int
    prior_bits: float
    coverage: tuple[Coverage, ...]
    closes: tuple[Closes, ...]
    matching: tuple[Matching, ...]
    detectors: tuple[DetectorRun, ...]
    books: tuple[Book, ...]
    quarantine: tuple[Quarantined, ...]
    facts: dict[str, int]
    notes: tuple[str, ...]
    staff: tuple[StaffRow, ...] | None = None
    staff_note: str = ""
    late_deliveries: Sum | None = None
    delays: tuple[Delay, ...] = ()
    subjects: Subjects = Subjects()
    seconds: float = 0.0

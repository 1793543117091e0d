"""What is known of one slice at one moment: its proofs' states, its witnesses, when it was told of and when it was posted."""

from msgspec import Struct

from beleg.facts.slices import slice_id
from beleg.facts.types import RefundClass
from beleg.gate.claim import Claim
from beleg.gate.situation import AccountHistory
from beleg.proofs.coverage import Coverage
from beleg.proofs.money import SLACK
from beleg.proofs.words import LETTERS, PROOFS, STATES, Proof, State, matrix

_PENDING, _ABSENT = LETTERS["pending"], LETTERS["absent"]


class Known(Struct, frozen=True, kw_only=True, gc=False):
    """One slice as the facts up to the log's `index` show it, for any moment from then on.

    letters: one per proof, with *pending* for whatever is still to come; at `due_at` that becomes *absent*. first_at: when it was
    told of. posted_at: when the goods were first on their way or here by the carrier's own word or two
    witnesses; shown_at: the customer's own evidence of posting.
    paid: for the line and beside all lines (shipping); gone: what went back for it already; order_paid, order_gone:
    the same of the whole order, see `proofs.money.balance`. disputed: the bank is asked for money of the order; reused: a document
    shown with it backs another account's claim. findings: (detector, family) with an open finding on the slice;
    on_account: those on its account or a ring it belongs to. rests_on: (proof, fact id, for or against). logins: who acted.
    """

    slice_id: str
    order_id: str
    refund_class: RefundClass
    letters: str
    witnesses: int = 0
    due_at: int | None = None
    first_at: int | None = None
    posted_at: int | None = None
    shown_at: int | None = None
    claim_kind: str = ""
    category: str = ""
    serialised: bool = False
    account_id: str | None = None
    payment: str | None = None
    paid: int | None = None
    gone: int = 0
    order_paid: int | None = None
    order_gone: int = 0
    currency: str | None = None
    disputed: bool = False
    reused: bool = False
    findings: tuple[tuple[str, str], ...] = ()
    on_account: tuple[str, ...] = ()
    rests_on: tuple[tuple[str, str, str], ...] = ()
    logins: tuple[str, ...] = ()
    history: AccountHistory = AccountHistory()
    index: int = 0

    def beyond_paid(self, amount: int) -> bool:
        """Whether with this amount (minor units) more would go back than was paid for the line or the order."""
        return _beyond(self.paid, self.gone + amount) or _beyond(self.order_paid, self.order_gone + amount)

    def state_of(self, proof: Proof, now: int) -> State:
        """The proof's state at this moment: what is pending becomes absent when its time has passed."""
        return STATES[self.letters_at(now)[PROOFS.index(proof)]]

    def letters_at(self, now: int) -> str:
        """A letter per proof at this moment."""
        passed = self.due_at is not None and self.due_at <= now
        return self.letters.replace(_PENDING, _ABSENT) if passed else self.letters


def _beyond(paid: int | None, back: int) -> bool:
    return paid is not None and back > paid * SLACK


def unknown(claim: Claim, coverage: Coverage, now: int) -> Known:
    """A slice of which no fact tells: whatever its class needs is pending where there is a source, else unavailable."""
    need = matrix()[claim.refund_class]
    wanted = {proof for group in need.groups for proof in group}
    letters = "".join(
        LETTERS["not_applicable"] if proof not in wanted else _PENDING if coverage.has(proof) else LETTERS["unavailable"]
        for proof in PROOFS
    )
    return Known(
        slice_id=slice_id(claim.order_id, claim.line_id, claim.thread),
        order_id=claim.order_id,
        refund_class=claim.refund_class,
        letters=letters,
        first_at=claim.informed_at or now,
        claim_kind=claim.claim_kind or "",
        account_id=claim.account_id,
    )

"""Accounts, rings and members of staff to test and to look at, for the sample results."""

from datetime import date
from random import Random

from msgspec.structs import replace

from beleg.audit.result import Basis, DetectorRun, Moment, Resting, Rival, Subject, Subjects, Sum, Tie, TooFew
from support.stories import micros

RIVALS = (
    Rival("compromised_account", "whether the sign-ins before these refunds came from devices the account had used before"),
    Rival("process_error", "whether the same site mislaid goods of other customers in the same weeks"),
)
STEPS = (
    "Look for the units by their licence plates before anybody is asked",
    "Ask the carrier for weight and proof of delivery of the three dearest parcels",
)


def subjects(seed: int = 3) -> Subjects:
    dice = Random(seed)
    return Subjects(
        rings=(ring(1, 14, 6, 0.45, dice), ring(2, 3, 2, 0.9, dice), ring(3, 100, 20, 0.15, dice)),
        accounts=(account(1, dice), account(2, dice)),
        staff=(clerk(1, dice),),
        too_few=(TooFew("receipts_without_proof", "staff", ("staff-02bd9e", "staff-11aa07")),),
        detectors=(
            DetectorRun(
                "shared_ring", "Do these accounts share more than chance explains?", "ties", True, "", 3, 4_120_000, "ring"
            ),
            DetectorRun(
                "serial_claimer",
                "Does this account claim more than its purchases explain?",
                "claims",
                True,
                "",
                2,
                90_000,
                "account",
            ),
            DetectorRun(
                "account_lending",
                "Does somebody else speak for it?",
                "identity",
                False,
                "no such source: support_contacts",
                about="account",
            ),
        ),
        alert_chance=0.04,
    )


def nobody() -> Subjects:
    """Detectors ran, and nobody passes."""
    return Subjects(detectors=subjects().detectors, alert_chance=0.04)


def vile(evil: str, long: str) -> Subjects:
    """Everything that text and numbers can do to a subject's page."""
    whole = subjects()
    reason = basis(long, evil, (long, 0.0001, 10.0**15), (evil, 0), 10.0**6, counterpart=long)
    bad = replace(
        whole.rings[1],
        name=long,
        reasons=(reason, replace(reason, p=None, e_bits=4000.0), replace(reason, p=0.0), replace(reason, p=None)),
        rivals=(Rival(evil, long),),
        next_steps=(long,),
        members=(long, evil),
        ties=(Tie(long, evil, long, -3.0), Tie(evil, "staff", evil, 1e6), Tie("stranger", long, "", 0.0)),
        timeline=(Moment(2**62, evil, long, long, evil), Moment(None, evil, long, long)),
    )
    bare = replace(whole.accounts[0], reasons=(), rivals=(), next_steps=(), timeline=(), first_at=None, last_at=None)
    alone = (TooFew(long, "staff", (evil,) * 40), TooFew(evil, "account", ()))
    return replace(whole, rings=(bad,), accounts=(bare,), too_few=alone, alert_chance=1e-9)


def named(kind: str, dice: Random) -> str:
    return f"{kind}-{dice.randrange(16**16):016x}"


def ring(rank: int, many: int, things: int, density: float, dice: Random) -> Subject:
    members = tuple(sorted(named("account", dice) for _ in range(many)))
    kinds = ("device", "payment", "address", "phone", "document", "staff")
    shared = [(kinds[index % len(kinds)], named("entity", dice), round(dice.uniform(2, 19), 1)) for index in range(things)]
    ties = tuple(Tie(who, *thing) for who in members for thing in shared if dice.random() < density)
    ties_basis = basis("shared_ring", "ties", ("links between these accounts", 58, 1.7), ("accounts opened in 2024", 11_204), 41.2)
    losses = basis("ring_outcomes", "proofs", ("refunds without proofs", 31, 2.4), ("refunds of the same classes", 9_402), 12.6)
    return subject(rank, "ring", 53.8 / rank, (ties_basis, losses), dice, name=f"ring-{rank:02}", members=members, ties=ties)


def account(rank: int, dice: Random) -> Subject:
    claims = basis(
        "serial_claimer", "claims", ("claims of parcels not received", 7, 0.6), ("customers with as many orders", 812), 15.2
    )
    weak = basis(
        "refund_rate", "rate", ("refunds", 19, 9.25), ("the same goods, season and channel", 812), 1.1, weak=True, passes=False
    )
    return subject(rank, "account", 16.3 - rank, (claims, weak), dice, name=named("account", dice))


def clerk(rank: int, dice: Random) -> Subject:
    name = named("staff", dice)
    met = [named("account", dice) for _ in range(5)]
    alone = basis(
        "receipts_without_proof", "proofs", ("receipts without proofs", 34, 2.25), ("Leipzig, returns, late shift", 31), 22.4
    )
    pair = basis("staff_ring", "ties", ("members of one ring served", 9, 0.4), ("Leipzig, phones", 31), 18.1, counterpart="ring-01")
    return subject(rank, "staff", 40.5, (alone, pair), dice, name=name, ties=tuple(Tie(name, "account", who, 3.5) for who in met))


def basis(detector, family, measured, held, bits, *, weak=False, passes=True, counterpart=""):
    (measure, observed, expected), (stratum, peers) = measured, held
    facts = tuple(Resting(f"receipts:{number}", "receipt") for number in range(9))
    return Basis(
        detector=detector, family=family, measure=measure, weak=weak, passes=passes, observed=observed, expected=expected,
        effect=observed / expected, stratum=stratum, peers=peers, bits=bits, counterpart=counterpart, p=2.0**-bits / 7,
        daily_bits=bits - 4 if detector == "receipts_without_proof" else None, facts=facts,
    )  # fmt: skip


def subject(rank, kind, bits, reasons, dice, *, name, members=(), ties=()):
    days = sorted(date(2024, dice.randrange(1, 13), dice.randrange(1, 29)) for _ in range(30))
    tables = ("refunds", "receipts", "claims", "orders")
    moments = tuple(
        Moment(micros(day, 10, index), tables[index % 4], f"{tables[index % 4]} of this subject", f"{tables[index % 4]}:{index}")
        for index, day in enumerate(days)
    )
    return Subject(
        rank=rank, kind=kind, name=name, bits=bits, unsupported=Sum(31, 4_120_077), refunds=Sum(44, 5_903_310),
        first_at=moments[0].at, last_at=moments[-1].at, reasons=reasons, rivals=RIVALS, next_steps=STEPS, timeline=moments,
        members=members, ties=ties,
    )  # fmt: skip

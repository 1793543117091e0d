"""Refunds as a shop meets them, for the sample results."""

from datetime import UTC, date, datetime, timedelta
from random import Random

from msgspec.structs import replace

from beleg.audit.result import Moment, ProofState, Ranked, Reason, Rival
from beleg.proofs.words import RETURN_PROOFS


def micros(day: date, hour: int = 9, minute: int = 0) -> int:
    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000


STORIES = {
    "receipt_without_arrival": (
        "return",
        ("absent", "not_applicable", "absent", "absent", "contradicted", "absent", "absent", "absent"),
        (
            Reason(
                "journey",
                "no carrier scan, no arrival, not on the dock manifest, but a receipt keyed in",
                9.4,
                "of 8,112 returns received at this site, 3 had a receipt with none of the three",
                ("receipt_without_arrival", "keyed_or_api_receipt"),
                ("receipts:88121", "parcels:2041"),
            ),
            Reason(
                "shelf",
                "never put away, counted or sold again in 61 days",
                4.2,
                "at this site 96% of received units are put away within 3 days",
                ("phantom_unit",),
                ("counts:771",),
            ),
        ),
        (
            Rival("compromised_account", "the login's device and network at the time of the receipt"),
            Rival("complicit_actor", "whether the same person opened this return without it being in their queue"),
            Rival("process_error", "a parcel found unscanned on the problem shelf; ask the site for its recount"),
        ),
        ("a carrier scan of the label, from the carrier itself", "the unit found at a count before 14 Nov 2024"),
    ),
    "delivered_without_receipt": (
        "return",
        ("true", "contradicted", "contradicted", "absent", "absent", "absent", "absent", "absent"),
        (
            Reason(
                "journey",
                "delivered at another postcode; weight 42 g for goods of 1,840 g",
                7.1,
                "weights at this carrier's first scan are within 8% of the pack weight for 99% of returns",
                ("destination_mismatch", "weight_mismatch", "delivered_without_receipt"),
                ("carrier_scans:5512", "carrier_scans:5519"),
            ),
            Reason("account", "the account's first return", -1.1, "seen in 71% of supported returns", (), ("accounts:12",)),
        ),
        (
            Rival("carrier_error", "the carrier's own proof of delivery for this label: place and signature"),
            Rival("customer_error", "whether the label was put on the wrong parcel: ask for the posting receipt"),
        ),
        ("a dock manifest entry for this tracking code",),
    ),
    "double_dip": (
        "chargeback",
        ("true", "true", "true", "true", "true", "true", "true", "pending"),
        (
            Reason(
                "money",
                "refund paid and dispute lost for the same line",
                12.0,
                "0 of 10,408 refunds here were paid twice for an honest reason",
                ("double_dip",),
                ("refunds:441", "disputes:17"),
            ),
        ),
        (Rival("process_error", "whether the refund was issued after the dispute had been answered"),),
        ("the dispute won or withdrawn",),
    ),
    "stalled_return": (
        "instant",
        ("true", "true", "absent", "absent", "absent", "absent", "absent", "unavailable"),
        (
            Reason(
                "journey",
                "accepted, then silent for 34 days",
                2.3,
                "1.4% of parcels on this lane go silent as long",
                ("stalled_return",),
            ),
        ),
        (Rival("carrier_loss", "a carrier trace; the weight at first scan was plausible"),),
        ("any later scan of the parcel",),
    ),
}


def ranking(many: int, dice: Random, line: int) -> tuple[Ranked, ...]:
    """So many refunds, by the money times the odds, as an audit ranks them."""
    found = sorted((refund(number, dice) for number in range(1, many + 1)), key=lambda it: -it.loss * min(2**it.bits, 1))
    return tuple(replace(it, rank=rank, above_line=rank <= line) for rank, it in enumerate(found, 1))


def refund(rank: int, dice: Random) -> Ranked:
    method = dice.choices(list(STORIES), weights=(5, 3, 1, 4))[0]
    refund_class, states, reasons, rivals, changes = STORIES[method]
    placed = date(2024, 1, 3) + timedelta(days=dice.randrange(300))
    amount = dice.randrange(8_000, 190_000)
    foreign = dice.random() < 0.2
    proofs = tuple(
        ProofState(
            name,
            state,
            (f"{name}:{dice.randrange(9999)}",) if state in {"true", "contradicted"} else (),
            WHY.get((name, state), ""),
        )
        for name, state in zip(RETURN_PROOFS, states, strict=True)
    )
    prior = -6.2
    reasons = tuple(replace(reason, bits=round(reason.bits + dice.gauss(0, 0.8), 1)) for reason in reasons)
    return Ranked(
        rank=rank,
        slice_id=f"B-{100000 + rank * 37}/1/RMA-{5000 + rank}",
        order=f"B-{100000 + rank * 37}",
        line="1",
        account=f"acct-{dice.randrange(16**10):010x}",
        article=dice.choice(["PHONE-128-BLK", "TABLET-11-SLV", "LAPTOP-14", "CONSOLE-5", "TYRE-205-55"]),
        quantity=dice.choice([1, 1, 1, 2]),
        amount=amount,
        currency="GBP" if foreign else "EUR",
        loss=int(amount * 1.17) if foreign else amount,
        refund_class=refund_class,
        method=method,
        refunded_at=micros(placed + timedelta(days=16), 23, 52),
        site=dice.choice(["Leipzig", "Tilburg", "Wrocław"]),
        standing="gap",
        shared_parcel=dice.random() < 0.1,
        components=dice.choice([0, 1, 1, 2]),
        prior_bits=prior,
        bits=prior + sum(reason.bits for reason in reasons),
        proofs=proofs,
        reasons=reasons,
        rivals=rivals,
        would_change=changes,
        timeline=moments(placed, rank, amount, dice),
        above_line=False,
    )


WHY = {
    ("carrier_accepted", "absent"): "no scan of this label; the carrier's feed was live every day of the window",
    ("delivered_at_site", "absent"): "no delivery scan at the site within 14 days",
    ("delivered_at_site", "contradicted"): "delivered at postcode 04103, the returns site is 04158",
    ("weight_plausible", "contradicted"): "42 g at first scan, 1,840 g at packing",
    ("item_scanned", "contradicted"): "keyed by hand; the serial is not the one that was sold",
    ("counted_or_resold", "unavailable"): "no stock counts from this site since 1 Sep 2024",
    ("counted_or_resold", "pending"): "next count due 31 Dec 2024",
}


def moments(placed: date, rank: int, amount: int, dice: Random) -> tuple[Moment, ...]:
    def at(days: int, hour: int, table: str, text: str) -> Moment:
        return Moment(
            micros(placed + timedelta(days=days), hour, dice.randrange(60)),
            table,
            text,
            f"{table}:{rank * 11}",
            f"{table}.csv:{rank * 97}",
        )

    return (
        at(0, 14, "orders", "order placed"),
        at(1, 8, "parcels", "parcel handed to the carrier, 1,840 g"),
        at(3, 11, "carrier_scans", "delivered, signed for"),
        at(9, 20, "return_authorisations", "return authorised, reason: changed my mind"),
        at(16, 23, "receipts", "return received at station R-07, keyed"),
        at(16, 23, "refunds", f"refunded {amount / 100:,.2f} to the card paid with"),
        Moment(None, "counts", "stock count without this unit", f"counts:{rank}", f"counts.csv:{rank}"),
    )

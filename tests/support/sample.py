"""Audit results to test and to look at: a rich one, an empty one, one that nothing could check, and a hostile one."""

from datetime import date, timedelta
from random import Random

from msgspec.structs import replace

from beleg.audit.result import (
    AuditResult,
    Book,
    Closes,
    Coverage,
    Delay,
    DetectorRun,
    Matching,
    Moment,
    ProofState,
    Quarantined,
    Reason,
    Rival,
    Row,
    StaffRow,
    Subjects,
    Sum,
    Totals,
)
from support.stories import micros, ranking
from support.suspects import nobody, subjects, vile

HOSTILE = (
    '<script>alert(1)</script><img src=x onerror=alert(1)>" onload="x '
    "\u202etxt.exe\u202c \u05e9\u05dc\u05d5\u05dd 📦👩‍🚒 \x1b[31mred\x00 [bold]x[/bold] {{ 7*7 }} "
)


def rows(keys: dict[str, tuple[int, int, int, int]]) -> tuple[Row, ...]:
    """Rows from thousands of (refunded, gap, unchecked, not yet due)."""
    return tuple(
        Row(key, *(Sum(max(part // 9, 1) if part else 0, part * 100_007) for part in parts)) for key, parts in keys.items()
    )


def rich(*, many: int = 24, seed: int = 7) -> AuditResult:
    dice = Random(seed)
    months = {f"2024-{month:02}": (900 + 40 * month, gap, 120, 260 if month == 12 else 0) for month, gap in enumerate(MONTHS, 1)}
    return AuditResult(
        beleg_version="0.1.0",
        weights_version="2025.1",
        engine="duckdb",
        name="Northwind Outdoor, returns 2024",
        as_of=micros(date(2024, 12, 31), 23, 59),
        first_at=micros(date(2024, 1, 1), 0, 4),
        currency="EUR",
        rates_note="Losses in other currencies are brought into EUR at the European Central Bank's rate of the day of the refund.",
        totals=Totals(
            refunded=Sum(11_203, 1_412_077_310),
            supported=Sum(9_402, 1_096_730_115),
            gap=Sum(318, 41_231_022),
            unchecked=Sum(1_214, 236_016_173),
            not_yet_due=Sum(269, 38_100_000),
        ),
        by_month=rows(months),
        by_method=rows(
            {
                "receipt_without_arrival": (402, 198, 0, 0),
                "delivered_without_receipt": (310, 92, 12, 0),
                "stalled_return": (288, 61, 40, 33),
                "double_dip": (44, 31, 0, 0),
                "not_received_against_delivery": (512, 22, 200, 0),
                "": (9_800, 8, 960, 227),
            }
        ),
        by_site=rows(
            {
                "Leipzig": (5_200, 263, 400, 120),
                "Tilburg": (4_100, 91, 300, 90),
                "Wrocław": (1_700, 41, 200, 50),
                "": (203, 17, 312, 0),
            }
        ),
        by_class=rows(
            {
                "return": (8_400, 301, 500, 180),
                "instant": (1_600, 62, 210, 80),
                "not_received": (700, 30, 390, 0),
                "returnless": (240, 9, 80, 0),
                "damaged": (300, 7, 32, 0),
                "chargeback": (120, 3, 0, 0),
                "goodwill": (90, 0, 0, 0),
            }
        ),
        budget=200,
        ranked=ranking(many, dice, line=min(many, 14)),
        above_line=min(many, 14),
        prior_bits=-6.2,
        coverage=coverage(),
        closes=(
            Closes("stock counts", ("counted_or_resold",), Sum(702, 130_400_000)),
            Closes("dock manifests", ("dock_manifested",), Sum(388, 61_200_000)),
            Closes("carrier weights", ("weight_plausible",), Sum(261, 30_077_100)),
        ),
        matching=(
            Matching("by_order_and_line", Sum(10_711, 1_350_000_000), "the refund names the order and the line"),
            Matching(
                "order_level_allocated", Sum(401, 50_077_310), "the refund names the order; shared over its lines by what was paid"
            ),
            Matching("no_such_order", Sum(91, 12_000_000), "the order is not in the export: bought before the window opens"),
        ),
        detectors=detectors(),
        books=(
            Book(
                "orders.csv",
                "sha256:9b1d4c0e77aa",
                120_402,
                120_388,
                {"test_orders": 12},
                0,
                2,
                {"orders": 60_194, "order_lines": 60_194},
            ),
            Book("refunds.jsonl.gz", "sha256:1177f02b9c31", 11_259, 11_203, {"zero_amount": 15}, 40, 1, {"refunds": 11_203}),
            Book(
                "carrier/scans-2024.parquet",
                "sha256:c0ffee0042",
                402_118,
                400_001,
                {"outbound_facility_noise": 2_117},
                0,
                0,
                {"carrier_scans": 400_001},
            ),
        ),
        quarantine=(
            Quarantined(
                "orders.csv",
                4_411,
                "placed_at",
                "31/02/2024",
                "a day that exists, as dd/mm/yyyy",
                "correct the day, or ignore the row by rule",
            ),
            Quarantined("orders.csv", 88_120, "total", "1.234,5O", "a decimal number", "the last character is the letter O"),
            Quarantined("refunds.jsonl.gz", 9_031, "order", "B-1•••••", "an order number", "the field was cut; export it again"),
        ),
        facts={
            "carrier_scans": 400_001,
            "orders": 60_194,
            "order_lines": 60_194,
            "refunds": 11_203,
            "receipts": 10_480,
            "put_aways": 9_911,
        },
        notes=(
            "No stock counts from Wrocław: units received there cannot be followed to the shelf.",
            "Recording times are missing from the warehouse export, so back-dated records could not be looked for.",
        ),
        staff=(
            StaffRow("staff-7c1f20", "Leipzig", 412, Sum(38, 5_120_000), 31, "keyed 34 of the 38 receipts; peers key 4%"),
            StaffRow("staff-02bd9e", "Tilburg", 120, Sum(3, 210_000), 6, ""),
        ),
        staff_note="Pseudonyms only. Before anyone is asked, the works council and data-protection law have their say.",
        delays=(
            Delay("hold_until_dock_manifest", 214, 0.0228),
            Delay("hold_until_receipt_scanned", 61, 0.0065),
            Delay("review_over_1000", 9, 0.00096),
        ),
        subjects=subjects(),
        seconds=41.3,
    )


MONTHS = (14, 22, 19, 31, 28, 40, 38, 35, 44, 61, 66, 12)


def coverage() -> tuple[Coverage, ...]:
    def days(first: date, many: int) -> tuple[str, ...]:
        return tuple(str(first + timedelta(days=index)) for index in range(many))

    down = (*days(date(2024, 5, 17), 1), *days(date(2024, 10, 2), 9))
    return (
        Coverage("carrier_accepted", "carrier feed", "Leipzig", "2024-01-01", "2024-12-31", 356, 10, 301_220, 9_801, 212, down),
        Coverage("dock_manifested", "dock manifests", "Leipzig", "2024-01-01", "2024-12-31", 366, 0, 9_412, 9_120, 51),
        Coverage("dock_manifested", "dock manifests", "Tilburg", "2024-04-01", "2024-12-31", 275, 0, 4_011, 3_900, 402),
        Coverage("put_away", "warehouse", "Wrocław", "2024-01-01", "2024-12-31", 306, 60, 1_512, 0, 0, days(date(2024, 9, 1), 60)),
    )


def detectors() -> tuple[DetectorRun, ...]:
    return (
        DetectorRun("receipt_without_arrival", "Was it received though it never arrived?", "journey", True, "", 112, 19_800_000),
        DetectorRun(
            "delivered_without_receipt",
            "Did the carrier deliver it, but nobody here receive it?",
            "journey",
            True,
            "",
            71,
            9_200_000,
        ),
        DetectorRun("double_dip", "Was it paid for twice?", "money", True, "", 9, 3_100_000),
        DetectorRun("duty_collapse", "Did one person do two of create, receive, approve and refund?", "people", True),
        DetectorRun(
            "back_dated_record",
            "Was it written down later than it says?",
            "time",
            False,
            "no recording times in the warehouse export",
        ),
        DetectorRun(
            "serial_mismatch", "Is the unit that came back the one that was sold?", "goods", False, "no such source: serials"
        ),
    )


def empty() -> AuditResult:
    """A shop's orders without a single refund or claim, like a marketplace's order export."""
    nothing = Sum()
    return replace(
        rich(many=0),
        name="Marketplace orders, sample",
        totals=Totals(nothing, nothing, nothing, nothing, nothing),
        by_month=(),
        by_method=(),
        by_site=(),
        by_class=(),
        ranked=(),
        above_line=0,
        closes=(),
        matching=(),
        coverage=(),
        quarantine=(),
        notes=(),
        rates_note="",
        staff=None,
        staff_note="",
        delays=(),
        currency="BRL",
        late_deliveries=Sum(7_826, 130_077_400),
        subjects=Subjects(),
        detectors=tuple(
            replace(run, ran=False, findings=0, amount=0, not_run_because="no such source: refunds") for run in detectors()
        ),
    )


def unchecked() -> AuditResult:
    """Till data: refunds, but no source that could say whether anything came back, and no times."""
    whole = Sum(5_847, 61_132_804)
    return replace(
        rich(many=0),
        name="online_retail",
        currency="GBP",
        as_of=None,
        first_at=None,
        totals=Totals(whole, Sum(), Sum(), whole, Sum()),
        by_month=(),
        by_method=(),
        by_site=(),
        staff=None,
        staff_note="",
        coverage=(),
        delays=(),
        subjects=nobody(),
        by_class=(Row("unclassified", whole, Sum(), whole, Sum()),),
        notes=("Times are unknown in this source, so nothing that depends on time was looked at.",),
    )


def hostile() -> AuditResult:
    """Everything that text and numbers can do to a page."""
    evil, long = HOSTILE, HOSTILE + "A" * 10_000
    first, *rest = rich(many=4).ranked
    bad = replace(
        first,
        order=evil,
        line=long,
        account=long,
        article=evil,
        refund_class=evil,
        method=long,
        site=evil,
        standing=evil,
        currency="JPY",
        amount=987_654_321_098,
        loss=0,
        bits=999.94,
        refunded_at=2**62,
        shared_parcel=True,
        proofs=tuple(ProofState(long, state, (long,) * 40, evil) for state in ("true", "absent", evil)),
        reasons=(Reason(evil, long, -3.0, evil, (evil, long), (long,) * 40),),
        rivals=(Rival(evil, long),),
        would_change=(long,),
        timeline=tuple(Moment(at, evil, long, long, evil) for at in (None, 2**62, -(2**62), *range(0, 10**15, 2 * 10**13))),
    )
    return replace(
        rich(),
        name=long,
        currency="JPY",
        rates_note=evil,
        beleg_version=evil,
        weights_version=evil,
        engine=evil,
        ranked=(
            bad,
            replace(rest[0], proofs=(), reasons=(), rivals=(), would_change=(), timeline=(), amount=0, order=""),
            *rest[1:],
        ),
        by_site=tuple(Row(f"{evil}{index}", Sum(index, 10**14), Sum(index, 10**13 * index), Sum(), Sum()) for index in range(40)),
        by_month=(
            *rows({f"{year}-{month:02}": (40, 3, 1, 0) for year in (2022, 2023, 2024) for month in range(1, 13)}),
            *rows({evil: (9, 1, 0, 0)}),
        ),
        by_method=rows({long: (9, 1, 0, 0)}),
        by_class=rows({"return": (0, 0, 0, 0)}),
        coverage=(Coverage(long, evil, evil, evil, evil, 0, 0, 0, 0, 0, (evil,)), *coverage()),
        closes=(Closes(evil, (evil, long), Sum(1, 0)),),
        matching=(Matching(evil, Sum(), long),),
        detectors=(DetectorRun(long, evil, evil, True, "", 3, -5), DetectorRun(evil, long, evil, False, evil)),
        books=tuple(Book(f"{evil}/{index}", long, 10, 9 - index % 2, {evil: 1}, 0, index % 2, {evil: 9}) for index in range(90)),
        quarantine=tuple(Quarantined(evil, index, evil, long, evil, evil) for index in range(120)),
        facts={evil: 4},
        notes=(evil, long),
        staff=(StaffRow(evil, evil, 0, Sum(), 0, long),),
        staff_note=long,
        delays=(Delay(evil, 3, 2.0),),
        late_deliveries=Sum(1, 0),
        subjects=vile(evil, long),
    )

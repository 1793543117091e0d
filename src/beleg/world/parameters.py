"""Every number that shapes a world, by name, so that a test can turn exactly one of them."""

from datetime import UTC, date, datetime
from typing import Literal

from msgspec import Struct, field

# How often each method is used, relative to the others. The stories of `stories.py` of the same name say what each does.
_MIX = {
    "false_receipt": 6.0,
    "phished_receipt": 3.0,
    "faster_than_lane": 2.0,
    "keyed_receipt": 2.0,
    "phantom_unit": 2.0,
    "fake_tracking": 3.0,
    "destination_mismatch": 2.0,
    "weight_mismatch": 3.0,
    "stalled_return": 3.0,
    "return_to_sender": 2.0,
    "not_received": 4.0,
    "empty_box": 3.0,
    "serial_mismatch": 3.0,
    "active_after_return": 2.0,
    "duty_collapse": 2.0,
    "dip_dispute": 1.5,
    "dip_replacement": 1.5,
    "dip_twice": 1.5,
    "refund_without_order": 1.5,
    "empty_return": 1.5,
    "back_dated": 1.5,
    "document_reuse": 2.0,
    "false_damage": 0.0,
}

# The same for what a ring does: its store list says which shops it works, and the methods that work there.
_RING_MIX = {
    "false_receipt": 16.0,
    "phished_receipt": 6.0,
    "phantom_unit": 2.0,
    "serial_mismatch": 1.0,
    "fake_tracking": 3.0,
    "destination_mismatch": 1.0,
    "stalled_return": 1.0,
    "not_received": 3.0,
    "empty_box": 2.0,
    "document_reuse": 2.0,
    "dip_dispute": 1.0,
    "dip_twice": 1.0,
}

Camouflage = Literal["none", "random", "biased", "hijacked"]

_MOST_ORDERS = 18_000_000
_NO_SHARE = (
    "electronics_mean", "ordinary_median", "twins", "frauds_per_account", "campaign_lift", "unequal_queues", "ring_frauds",
    "camouflage_volume", "adverts_a_month", "foreign_vouches",
)  # fmt: skip


class WorldParameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a world is made from. Shares lie between 0 and 1; the same parameters always give the same data."""

    seed: int = 1
    orders: int = 20_000
    start: str = "2025-01-01"
    days: int = 365
    chunk_orders: int = 50_000
    """Orders made and written at a time, which bounds memory. Another size gives another world."""

    # The shop.
    articles: int = 340
    electronics: int = 60
    electronics_share: float = 0.10
    electronics_mean: float = 1_330.0
    ordinary_median: float = 38.0
    currencies: dict[str, float] = field(default_factory=lambda: {"USD": 0.80, "EUR": 0.12, "GBP": 0.08})

    # Who honestly shares what: accounts in such groups, as shares of all accounts, and how many make one group.
    household_share: float = 0.08
    family_share: float = 0.06
    family_size: tuple[int, int] = (3, 6)
    dorm_share: float = 0.012
    dorm_size: tuple[int, int] = (40, 120)
    office_share: float = 0.02
    office_size: tuple[int, int] = (8, 40)
    forwarder_share: float = 0.008
    forwarder_size: tuple[int, int] = (20, 200)
    network_share: float = 0.03
    """Accounts behind one shared network address."""
    network_size: tuple[int, int] = (50, 400)
    moving_rate: float = 0.03
    """Accounts that once had another address, where somebody else may live now."""

    # Demand that looks like agreement.
    viral_articles: int = 2
    viral_share: float = 0.10
    """Of the ordinary lines in an article's two weeks of fame."""
    campaign_days: int = 3
    campaign_lift: float = 2.5
    resellers: int = 3
    reseller_orders: float = 0.008
    """Share of all orders that resellers place; they send back more than others do."""
    reseller_returns: float = 0.25

    # Honest trade, as shares of all orders.
    return_rate: float = 0.13
    lost_parcel_rate: float = 0.003
    return_to_sender_rate: float = 0.003
    damaged_rate: float = 0.006
    replaced_rate: float = 0.003
    packing_error_rate: float = 0.001
    missing_item_rate: float = 0.001
    cancelled_rate: float = 0.015
    goodwill_rate: float = 0.006
    adjustment_rate: float = 0.006
    order_refund_rate: float = 0.004
    chargeback_rate: float = 0.002
    contact_rate: float = 0.03
    recontact_share: float = 0.15
    """Contacts that go to the clerk the customer had before."""
    common_phrases: float = 0.25
    """Contacts and claims in words that many use."""
    new_device: float = 0.04
    """Contacts and claims from a device and a network that the account never showed."""
    other_instrument: float = 0.006
    """Refunds to another instrument than the order was paid with, at an honest customer's wish."""
    password_reset: float = 0.004
    closed_rate: float = 0.001
    """Accounts that the shop closes for reasons that are no fraud."""
    review_rate: float = 0.06
    honest_posts: float = 0.01
    """Honest refunds that somebody writes about in public."""

    # Damaged goods that the shop asks back before it pays: of whom, and what becomes of them.
    asks_strangers_from: int = 0
    """Claims of this much (minor units), by accounts with no earlier order; 0: never."""
    asks_claimants_from: int = 0
    """Claims of this much, by accounts that claimed over an earlier order; 0: never."""
    asks_newcomers_from: int = 0
    """Claims of this much, by accounts whose first order is less than thirty days old; 0: never."""
    asks_everybody_from: int = 0
    """Claims of this much, whoever makes them; 0: never."""
    sends_back: float = 0.92
    """Honest people who still have the goods and send them; the others threw them away, and a person decides."""
    liar_gives_up: float = 0.5
    """Liars about damage who do not answer when asked for the goods."""
    liar_sends_nothing: float = 0.25
    """Liars who send an empty box; the others send another unit, worn out, of the same weight."""

    # Honest trade, as shares of the returns.
    mislabelled: float = 0.003
    instant: float = 0.06
    returnless: float = 0.04
    unused_authorisation: float = 0.04
    second_authorisation: float = 0.02
    joint_parcel: float = 0.30
    short_received: float = 0.02
    in_two_parts: float = 0.01
    failed_first: float = 0.004
    serial_slip: float = 0.0002
    rerouted: float = 0.004
    self_inspected: float = 0.002

    # How well the sources record what happens.
    scan_missing: float = 0.01
    scan_late: float = 0.01
    carrier_outage_days: int = 2
    """On so many days a year each carrier's scans begin to fail, for `carrier_outage_length` days each."""
    carrier_outage_length: int = 1
    dock_missing: float = 0.01
    inspection_missing: float = 0.01
    put_away_missing: float = 0.005
    lpn_missing: float = 0.01
    count_share: float = 0.35
    resale_share: float = 0.45
    count_error: float = 0.002
    weight_share: float = 0.90
    weight_outlier: float = 0.005
    attested_share: float = 0.85
    recorded_share: float = 0.97
    recorded_late: float = 0.003
    class_stated: float = 0.60
    broken_scanner_days: int = 3
    keyed_share: float = 0.01
    trainee_keyed: float = 0.25
    api_share: float = 0.003
    badge_missing: float = 0.005
    failed_sign_in: float = 0.01
    factor_changed: float = 0.003
    unqueued_share: float = 0.06
    action_share: float = 0.30

    # Staff, per site and shift.
    receivers: int = 12
    inspectors: int = 12
    stowers: int = 12
    refund_desk: int = 12
    supporters: int = 12
    second_login: float = 0.05
    trainee_share: float = 0.10
    unequal_queues: float = 0.5
    """How unevenly returns are spread over those on duty: 0 evenly, above that the first get more."""
    senior_dear: float = 0.4
    """Dear goods that are kept for the senior third of those on duty."""
    problem_desk: float = 0.7
    """Returns without a known parcel that are received by one person per shift whose work that is."""
    overtime: float = 0.02
    """Receipts by somebody of the other shift."""
    station_change: float = 0.03
    """Receipts at another work place than the one signed in at."""
    staff_customers: float = 0.2
    """Staff who buy here as well, under the phone number that the personnel office knows."""
    device_replaced: float = 0.002
    """Sign-ins of staff with a device never seen before."""

    # Fraud.
    fraud: bool = True
    """False: nobody cheats, whatever the parameters below say; honest misfortunes stay."""
    fraud_rate: float = 0.03
    """Planted frauds as a share of the expected returns, spread over the methods by `mix`."""
    mix: dict[str, float] = field(default_factory=lambda: dict(_MIX))
    at_least: int = 3
    """Every method with a share above 0 is planted at least so often, however small the world."""
    twins: float = 1.0
    """Honest twins per fraud of an ambiguous method."""
    insiders: int = 4
    insider_pay: tuple[float, float] = (46.0, 89.0)
    fee: float = 0.30
    repeat_share: float = 0.60
    """Frauds that come from a small pool of accounts which come back."""
    frauds_per_account: float = 6.0
    """About so many frauds come from each account of the pool, over all methods."""
    takeovers: int = 4
    """Honest accounts that one and the same stranger takes over to have refunds sent to an instrument of theirs."""
    padded: int = 14
    """Goodwill just below what one person may grant alone, all granted by the same member of staff."""
    approval_limit: int = 10_000
    """What that is, in minor units."""
    bought_reviewers: int = 10
    bought_articles: int = 2

    # Rings: accounts that act together, with staff of their own; their frauds come on top of `fraud_rate`.
    rings: int = 1
    ring_size: tuple[int, int] = (14, 24)
    ring_entities: int = 8
    ring_density: float = 0.5
    """Share of a ring's pairs of account and shared entity that are links."""
    ring_fresh: float = 0.4
    """Accounts opened for the ring; the others are real customers' own. None are with camouflage `hijacked`."""
    ring_frauds: float = 4.0
    """Frauds per account."""
    ring_mix: dict[str, float] = field(default_factory=lambda: dict(_RING_MIX))
    ring_dear: float = 0.9
    ring_articles: int = 15
    """Articles on the ring's list; other dear ones are taken where these do not suffice."""
    ring_insiders: int = 2
    """Bribed receivers per ring, each at another site while there are sites."""
    ring_desk: float = 0.5
    """Share of a ring's claims that are decided by a bribed pair at the refund desk."""
    lending: float = 0.6
    """Customers of a ring who let it use their account, so that its device, network and words turn up in their name."""
    camouflage: Camouflage = "none"
    camouflage_volume: float = 1.0
    """Honest-looking links and orders per link and fraud of the accounts opened for the ring."""
    banned: float = 0.15
    """Accounts of a ring that are closed on the way and come back under another name."""
    off_shift: float = 0.10
    """Receipts that an insider makes after the end of the shift."""
    directed: float = 0.8
    """Returns that an insider looks up without having been given them."""
    artefacts: float = 0.8
    """Manipulated labels of a ring that show the tool they were made with."""
    adverts_a_month: float = 8.0
    vouch_share: float = 0.5
    vouch_rounded: float = 0.3
    foreign_vouches: float = 1.0
    """Vouches for other shops' refunds, per vouch for one of this shop's."""

    def __post_init__(self) -> None:
        """Refuse what no world can be made of, with a ValueError that names the parameter."""
        for name in ("orders", "days", "chunk_orders", "articles", "electronics"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.orders > _MOST_ORDERS:
            raise ValueError(f"orders must be at most {_MOST_ORDERS:,}, got {self.orders:,}")
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, float) and name not in _NO_SHARE and not 0 <= value <= 1:
                raise ValueError(f"{name} is a share and must lie between 0 and 1, got {value}")
        self._refuse_mixes()
        if not self.currencies or min(self.currencies.values()) < 0 or sum(self.currencies.values()) <= 0:
            raise ValueError("currencies must give at least one currency a share above 0")
        date.fromisoformat(self.start)

    def _refuse_mixes(self) -> None:
        for name in ("mix", "ring_mix"):
            if unknown := set(getattr(self, name)) - set(_MIX):
                raise ValueError(f"{name} names no method: {', '.join(sorted(unknown))}; known are {', '.join(sorted(_MIX))}")
        for name in ("family_size", "dorm_size", "office_size", "forwarder_size", "network_size", "ring_size"):
            low, high = getattr(self, name)
            if not 2 <= low <= high:
                raise ValueError(f"{name} must be two numbers from 2 up, the smaller first, got {low} and {high}")

    def start_micros(self) -> int:
        """The first instant of the window, microseconds UTC."""
        day = date.fromisoformat(self.start)
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000

    def planted(self) -> dict[str, int]:
        """How many slices of each method the whole world holds, rings apart, before the window's end cuts some off."""
        total = self.orders * self.return_rate * self.fraud_rate if self.mix else 0.0
        weights = sum(self.mix.values())
        return {name: max(self.at_least, round(total * share / weights)) for name, share in self.mix.items() if share > 0}

    def crooked(self, number: int) -> int:
        """The number itself where there is fraud, else 0."""
        return number if self.fraud else 0

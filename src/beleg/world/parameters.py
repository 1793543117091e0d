"""Every number that shapes a world, by name, so that a test can turn exactly one of them."""

from datetime import UTC, date, datetime

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
}

_MOST_ORDERS = 18_000_000
_NO_SHARE = ("electronics_mean", "ordinary_median", "twins", "frauds_per_account")


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
    household_share: float = 0.08

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
    receivers: int = 10
    inspectors: int = 10
    stowers: int = 10
    refund_desk: int = 12
    supporters: int = 12
    second_login: float = 0.05
    trainee_share: float = 0.10

    # Fraud.
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
        if unknown := set(self.mix) - set(_MIX):
            raise ValueError(f"mix names no method: {', '.join(sorted(unknown))}; known are {', '.join(sorted(_MIX))}")
        if not self.currencies or min(self.currencies.values()) < 0 or sum(self.currencies.values()) <= 0:
            raise ValueError("currencies must give at least one currency a share above 0")
        date.fromisoformat(self.start)

    def start_micros(self) -> int:
        """The first instant of the window, microseconds UTC."""
        day = date.fromisoformat(self.start)
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000

    def planted(self) -> dict[str, int]:
        """How many slices of each method the whole world holds before the window's end cuts some off."""
        total = self.orders * self.return_rate * self.fraud_rate if self.mix else 0.0
        weights = sum(self.mix.values())
        return {name: max(self.at_least, round(total * share / weights)) for name, share in self.mix.items() if share > 0}

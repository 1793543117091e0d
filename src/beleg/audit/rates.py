"""Brings money into one currency at the day's rate of the European Central Bank, as shipped with the rates library."""

import datetime
from functools import cache
from zipfile import BadZipFile

import pyarrow as pa
from babel.numbers import get_currency_precision
from currency_converter import CurrencyConverter, RateNotFoundError

PARTS = 1_000_000
_COLUMNS: list[tuple[str, pa.DataType]] = [("currency", pa.string()), ("day", pa.int64()), ("parts", pa.int64())]
_EPOCH = datetime.date(1970, 1, 1)


@cache
def _converter() -> CurrencyConverter:
    return CurrencyConverter(fallback_on_missing_rate=True, fallback_on_wrong_date=True)


def main_currency(counted: dict[str, int]) -> str:
    """The currency most refunds are in."""
    return max(sorted(counted), key=lambda code: counted[code]) if counted else "EUR"


def rate_table(pairs: pa.Table, base: str) -> tuple[pa.Table, tuple[str, ...]]:
    """Rates for every currency and day asked about, and the currencies that have none.

    Args:
        pairs: currency, day (since 1970-01-01; empty takes the newest rate).
        base: the report's currency.

    Returns:
        currency, day, parts: how many millionths of a minor unit of `base` one minor unit is worth; 0 without a rate.
    """
    rows, unknown = [], set()
    for pair in pairs.to_pylist():
        parts = _parts(pair["currency"], base, pair["day"])
        rows.append({**pair, "parts": parts})
        if not parts:
            unknown.add(str(pair["currency"]))
    return pa.Table.from_pylist(rows, schema=pa.schema(_COLUMNS)), tuple(sorted(unknown))


def _parts(currency: str | None, base: str, day: int | None) -> int:
    if currency == base:
        return PARTS
    if currency is None:
        return 0
    date = _EPOCH + datetime.timedelta(days=day) if day is not None else None
    digits = get_currency_precision(base) - get_currency_precision(currency)
    try:
        rate = _converter().convert(1, currency, base, date)
    except (ValueError, RateNotFoundError, BadZipFile):
        return 0
    return round(float(rate) * PARTS * float(10**digits))

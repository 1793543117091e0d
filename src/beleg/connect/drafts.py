"""The rules a source's recognised columns allow: which facts they make, and the settings their values ask for."""

import json
from collections.abc import Iterator, Mapping

from msgspec import Struct

from beleg.connect.shapes import Shape
from beleg.connect.synonyms import SCAN_NAMES, plain

Found = Mapping[str, tuple[str, Shape]]


class Draft(Struct):
    """A source's settings and fact rules as lines of TOML, and the columns they use."""

    settings: list[str]
    facts: list[list[str]]
    used: set[str]


class _Rule(Struct):
    """One fact rule while it is written: (field, meaning) pairs that must be there, those that may, and fixed lines."""

    table: str
    must: dict[str, tuple[str, ...]]
    may: dict[str, tuple[str, ...]]
    fixed: dict[str, str] = {}
    once: bool = False


_MONEY = ("refunds", "orders", "order_lines")
_ORDER = {"order_id": ("order",)}
_RULES = (
    _Rule(
        "refunds",
        {"amount": ("refund_amount",)},
        {
            "occurred_at": ("refunded_at", "time"), "refund_id": ("refund",), "order_id": ("order",), "line_id": ("line",),
            "rma_id": ("rma",), "account_id": ("account",), "article": ("article",), "quantity": ("quantity",),
            "reason": ("reason",), "approver": ("actor",),
        },
    ),
    _Rule(
        "order_lines",
        {**_ORDER, "article": ("article",), "paid": ("line_total", "unit_price")},
        {
            "occurred_at": ("ordered_at", "time"), "line_id": ("line",), "account_id": ("account",), "title": ("title",),
            "category": ("category",), "quantity": ("quantity",),
        },
    ),
    _Rule(
        "orders",
        {**_ORDER, "occurred_at": ("ordered_at",)},
        {
            "account_id": ("account",), "paid": ("order_total",), "ship_to": ("postcode",), "channel": ("channel",),
        },
        once=True,
    ),
    _Rule(
        "return_authorisations",
        {**_ORDER, "rma_id": ("rma",), "line_id": ("line", "article"), "quantity": ("quantity",)},
        {"occurred_at": ("time",), "account_id": ("account",), "reason": ("reason",)},
    ),
    _Rule(
        "receipts",
        {**_ORDER, "occurred_at": ("received_at",), "quantity": ("quantity",), "site": ("site",)},
        {"line_id": ("line", "article"), "rma_id": ("rma",), "serial": ("serial",), "lpn": ("lpn",), "actor": ("actor",)},
        fixed={"entry_mode": '{ constant = "import" }'},
    ),
    _Rule("status_claims", {**_ORDER, "status": ("status",)}, {}),
    _Rule(
        "parcels",
        {**_ORDER, "tracking_code": ("tracking",)},
        {"rma_id": ("rma",), "carrier": ("carrier",), "to_postcode": ("postcode",)},
        fixed={"direction": '{ constant = "out" }   # CHECK: "out" to the customer, or "return"'},
    ),
    _Rule(
        "scans",
        {"parcel_id": ("tracking",), "occurred_at": ("time",), "status": ("scan_status", "status")},
        {"carrier": ("carrier",), "facility": ("site",), "postcode": ("postcode",)},
    ),
)  # fmt: skip


def draft(source: str, found: Found) -> Draft:
    """Every rule whose columns are there."""
    made = Draft([], [], set())
    for rule in _RULES:
        chosen = _choose(rule, found)
        if chosen is not None:
            made.facts.append(list(_lines(source, rule, chosen, found)))
            made.used |= {found[meaning][0] for meaning in chosen.values()}
    if _amount_only(found) and not made.facts:
        made = draft(source, {**found, "refund_amount": found["amount"]})
    made.settings = list(_settings(found, made))
    return made


def _amount_only(found: Found) -> bool:
    """A plain amount beside a refund's own number is what was refunded."""
    return "amount" in found and "refund_amount" not in found and ("refund" in found or "refunded_at" in found)


def _choose(rule: _Rule, found: Found) -> dict[str, str] | None:
    if rule.table == "scans" and "order" in found and "scan_status" not in found:
        return None  # beside an order's number a status is the order's
    chosen: dict[str, str] = {}
    for field, meanings in (*rule.must.items(), *rule.may.items()):
        meaning = next((meaning for meaning in meanings if meaning in found and _fits(field, found[meaning][1])), None)
        if meaning is not None:
            chosen[field] = meaning
        elif field in rule.must:
            return None
    return chosen


def _fits(field: str, shape: Shape) -> bool:
    """Whether the values look like what the field holds; an empty column may be anything."""
    if not shape.filled:
        return True
    if field == "occurred_at":
        return bool(shape.time)
    return shape.number if field in {"quantity", "amount", "paid"} else True


def _lines(source: str, rule: _Rule, chosen: Mapping[str, str], found: Found) -> Iterator[str]:
    yield "[[fact]]"
    yield f'from = "{source}"'
    yield f'table = "{rule.table}"'
    yield from _conditions(rule, found)
    if rule.once:
        yield f"once = [{_text(found['order'][0])}]"
    yield "[fact.fields]"
    for field, meaning in chosen.items():
        scanned = rule.table == "scans" and field == "status"
        yield f"{field} = {_scan_words(*found[meaning]) if scanned else _value(field, meaning, found)}"
    if "currency" in found and found["currency"][1].currency_codes and rule.table in _MONEY:
        yield f"currency = {_text(found['currency'][0])}"
    yield from (f"{field} = {value}" for field, value in rule.fixed.items())
    yield from _made_up(rule, chosen, found)


def _conditions(rule: _Rule, found: Found) -> Iterator[str]:
    if rule.table == "refunds":
        column, shape = found["refund_amount"]
        yield f"when = {{ {_text(column)} = {_text('filled' if shape.negatives else 'positive')} }}"
    if rule.table in {"order_lines", "orders"} and "quantity" in found and found["quantity"][1].negatives:
        yield f'when = {{ {_text(found["quantity"][0])} = "positive" }}   # CHECK: negative quantities are no sales; what are they?'


def _value(field: str, meaning: str, found: Found) -> str:
    column, shape = found[meaning]
    if field == "paid" and meaning == "unit_price":
        count = f", times = {_text(found['quantity'][0])}" if "quantity" in found else ""
        return f"{{ column = {_text(column)}{count} }}"
    if field == "amount" and shape.negatives:
        return f'{{ column = {_text(column)}, sign = "absolute" }}'
    return _text(column) + ("   # CHECK: the article stands in for the line" if field == "line_id" and meaning == "article" else "")


def _scan_words(column: str, shape: Shape) -> str:
    """The carrier's words turned into ours, as far as they are known."""
    known = {word: SCAN_NAMES[plain(word)] for word in shape.words if plain(word) in SCAN_NAMES}
    words = ", ".join(f"{_text(word)} = {_text(ours)}" for word, ours in sorted(known.items()))
    rest = sorted(set(shape.words) - set(known))
    doubt = f"   # CHECK: what do these mean: {', '.join(map(_text, rest))}" if rest else ""
    if not shape.words:
        doubt = "   # CHECK: too many different words to list"
    return f'{{ column = {_text(column)}, words = {{ {words} }}, otherwise = "unknown" }}{doubt}'


def _made_up(rule: _Rule, chosen: Mapping[str, str], found: Found) -> Iterator[str]:
    if rule.table == "refunds" and "refund_id" not in chosen:
        yield 'refund_id = { template = "{stem}-{row}" }   # CHECK: no column names the refund; the row stands in'
    if rule.table == "order_lines" and "line_id" not in chosen:
        yield 'line_id = { template = "{stem}-{row}" }   # CHECK: no column numbers the lines; the row stands in'
    if rule.table == "order_lines" and "quantity" not in chosen:
        yield "quantity = 1   # CHECK: no column says how many"
    if rule.table == "parcels":
        code = found["tracking"][0]
        yield f"parcel_id = {{ template = {_text('{' + code + '}')} }}"
    if rule.table in {"parcels", "scans"} and "carrier" not in chosen:
        yield 'carrier = { constant = "unknown" }   # CHECK'


def _settings(found: Found, made: Draft) -> Iterator[str]:
    yield f"signature = [{', '.join(_text(column) for column in sorted(made.used))}]"
    shapes = [shape for column, shape in found.values() if column in made.used]
    times = sorted({shape.time for shape in shapes if shape.time})
    if times:
        yield f"formats = [{', '.join(map(_text, times))}]" + _either_way(times)
        if not all(shape.zoned for shape in shapes if shape.time):
            yield 'time_zone = "UTC"   # CHECK: the times carry no offset; whose clock is it?'
    if any(shape.decimal == "," for shape in shapes):
        yield 'decimal = ","'
    if not any(f'table = "{table}"' in fact for fact in made.facts for table in _MONEY):
        return
    if "currency" not in found or not found["currency"][1].currency_codes:
        sign = next((shape.currency_sign for shape in shapes if shape.currency_sign), "")
        yield f'currency = "{sign or "XTS"}"   # CHECK: no column names the currency' + (
            "" if sign else "; XTS stands for none known"
        )
    else:
        made.used.add(found["currency"][0])


def _either_way(times: list[str]) -> str:
    return "   # CHECK: day first or month first?" if any(form.startswith(("%d/%m", "%m/%d")) for form in times) else ""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)

"""The rules a source's recognised columns allow: which facts they make, and the settings their values ask for."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from beleg.connect.shapes import Shape
from beleg.connect.synonyms import SCAN_NAMES, plain


class Column(Struct, frozen=True):
    """A column that stands for something, and what its values look like.

    Args:
        name: as the file has it; of an element of a list it begins with the list's path.
        shape: what its values look like.
        lookup: the table in which it is looked up, if it stands in another file.
        key: the column of the rows at hand that says which row of that table.
    """

    name: str
    shape: Shape
    lookup: str = ""
    key: str = ""

    @property
    def at_hand(self) -> str:
        """The column of the rows at hand that this is read from."""
        return self.key or self.name


Found = Mapping[str, Column]


class Draft(Struct):
    """A source's settings and fact rules as lines of TOML, and the columns they use: of its rows, and by look-up."""

    settings: list[str]
    facts: list[list[str]]
    used: set[str]
    looked_up: set[Column]


class _Rule(Struct):
    """One fact rule while it is written: (field, meaning) pairs that must be there, those that may, and fixed lines."""

    table: str
    must: dict[str, tuple[str, ...]]
    may: dict[str, tuple[str, ...]]
    fixed: dict[str, str] = {}
    once: tuple[str, ...] = ()


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
        once=("order",),
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
    *(
        _Rule(
            "identifiers",
            {"account_id": ("account",), "value": (kind,)},
            {"occurred_at": ("ordered_at", "time")},
            fixed={"kind": f'{{ constant = "{kind}" }}'},
            once=("account", kind),
        )
        for kind in ("email", "phone")
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


# What the elements of a list have in common with the record that they stand in.
_SHARED = ("order", "account", "currency", "ordered_at", "time", "rma", "refund", "postcode", "carrier", "site")
# What may be taken from the record although the fact is about the element.
_OF_THE_RECORD = ("order_id", "occurred_at", "rma_id", "site")
# What need not stand in the rows themselves: prices are often kept with the articles.
_LOOKED_UP = ("paid",)


def draft(source: str, found: Found, lists: Mapping[str, Found] | None = None) -> Draft:
    """Every rule whose columns are there.

    Args:
        source: its name.
        found: meaning -> the column of the rows, or of another file, that stands for it.
        lists: path of a list within the rows -> the same of its elements.
    """
    made = Draft([], [], set(), set())
    every = list(found.values())
    _add(made, source, found)
    if not made.facts and _amount_only(found):
        _add(made, source, {**found, "refund_amount": found["amount"]})
    for path, inside in (lists or {}).items():
        shared = {meaning: found[meaning] for meaning in _SHARED if meaning in found}
        _add(made, source, {**shared, **inside}, path)
        every += inside.values()
    made.settings = list(_settings(every, made, lists or {}))
    return made


def _add(made: Draft, source: str, found: Found, each: str = "") -> None:
    for rule in _RULES:
        chosen = _choose(rule, found)
        if chosen is None or (each and not _about_the_element(rule, chosen, found, each)):
            continue
        made.facts.append(list(_lines(source, rule, chosen, found, each)))
        columns = [found[meaning] for meaning in chosen.values()]
        if _own_currency(rule, found):
            columns.append(found["currency"])
        made.used |= {column.at_hand for column in columns}
        made.looked_up |= {column for column in columns if column.lookup}


def _about_the_element(rule: _Rule, chosen: Mapping[str, str], found: Found, each: str) -> bool:
    own = [found[meaning].name.startswith(f"{each}.") for field, meaning in chosen.items() if field in rule.must]
    free = [field in _OF_THE_RECORD for field in rule.must]
    return not rule.once and any(own) and all(mine or may for mine, may in zip(own, free, strict=True))


def _amount_only(found: Found) -> bool:
    """A plain amount beside a refund's own number is what was refunded."""
    return "amount" in found and "refund_amount" not in found and ("refund" in found or "refunded_at" in found)


def _choose(rule: _Rule, found: Found) -> dict[str, str] | None:
    if rule.table == "scans" and "order" in found and "scan_status" not in found:
        return None  # beside an order's number a status is the order's
    chosen: dict[str, str] = {}
    for field, meanings in (*rule.must.items(), *rule.may.items()):
        meaning = next((meaning for meaning in meanings if meaning in found and _fits(rule, field, found[meaning])), None)
        if meaning is not None:
            chosen[field] = meaning
        elif field in rule.must:
            return None
    return chosen


def _fits(rule: _Rule, field: str, column: Column) -> bool:
    """Whether the values look like what the field holds; an empty column may be anything."""
    shape = column.shape
    if column.lookup and field in rule.must and field not in _LOOKED_UP:
        return False
    if not shape.filled:
        return True
    if field == "occurred_at":
        return bool(shape.time)
    return shape.number if field in {"quantity", "amount", "paid"} else True


def _lines(source: str, rule: _Rule, chosen: Mapping[str, str], found: Found, each: str) -> Iterator[str]:
    yield "[[fact]]"
    yield f'from = "{source}"'
    yield f'table = "{rule.table}"'
    if each:
        yield f"each = {_text(each)}"
    yield from _conditions(rule, chosen, found)
    if rule.once:
        yield f"once = [{', '.join(_text(found[meaning].name) for meaning in rule.once)}]"
    yield "[fact.fields]"
    for field, meaning in chosen.items():
        scanned = rule.table == "scans" and field == "status"
        yield f"{field} = {_scan_words(found[meaning]) if scanned else _value(field, meaning, found)}"
    if _own_currency(rule, found):
        yield f"currency = {_value('currency', 'currency', found)}"
    yield from (f"{field} = {value}" for field, value in rule.fixed.items())
    yield from _made_up(rule, chosen, found, each)


def _own_currency(rule: _Rule, found: Found) -> bool:
    return rule.table in _MONEY and "currency" in found and found["currency"].shape.currency_codes


def _conditions(rule: _Rule, chosen: Mapping[str, str], found: Found) -> Iterator[str]:
    if rule.table == "refunds":
        column = found["refund_amount"]
        yield f"when = {{ {_text(column.name)} = {_text('filled' if column.shape.negatives else 'positive')} }}"
    if rule.table == "identifiers":
        filled = ", ".join(f'{_text(found[chosen[field]].name)} = "filled"' for field in rule.must)
        yield f"when = {{ {filled} }}"
    if rule.table in {"order_lines", "orders"} and "quantity" in found and found["quantity"].shape.negatives:
        column = found["quantity"]
        yield f'when = {{ {_text(column.name)} = "positive" }}   # CHECK: negative quantities are no sales; what are they?'


def _value(field: str, meaning: str, found: Found) -> str:
    column = found[meaning]
    more = []
    if column.lookup:
        more.append(f"lookup = {_text(f'{column.lookup}.{column.name}')}")
    if field == "paid" and meaning == "unit_price" and "quantity" in found:
        more.append(f"times = {_text(found['quantity'].name)}")
    if field == "amount" and column.shape.negatives:
        more.append('sign = "absolute"')
    if more or (field == "paid" and meaning == "unit_price"):
        doubt = "   # CHECK: the price list stands in for what was paid" if field == "paid" and column.lookup else ""
        return f"{{ {', '.join([f'column = {_text(column.at_hand)}', *more])} }}{doubt}"
    doubt = "   # CHECK: the article stands in for the line" if field == "line_id" and meaning == "article" else ""
    return _text(column.name) + doubt


def _scan_words(column: Column) -> str:
    """The carrier's words turned into ours, as far as they are known."""
    words = column.shape.words
    known = {word: SCAN_NAMES[plain(word)] for word in words if plain(word) in SCAN_NAMES}
    listed = ", ".join(f"{_text(word)} = {_text(ours)}" for word, ours in sorted(known.items()))
    rest = sorted(set(words) - set(known))
    doubt = f"   # CHECK: what do these mean: {', '.join(map(_text, rest))}" if rest else ""
    if not words:
        doubt = "   # CHECK: too many different words to list"
    return f'{{ column = {_text(column.name)}, words = {{ {listed} }}, otherwise = "unknown" }}{doubt}'


def _made_up(rule: _Rule, chosen: Mapping[str, str], found: Found, each: str) -> Iterator[str]:
    place, stands_in = ("{index}", "its place in the list") if each else ("{stem}-{row}", "the row")
    if rule.table == "refunds" and "refund_id" not in chosen:
        name = f"{{{found['order'].name}}}/{place}" if each and "order" in found else place
        yield f"refund_id = {{ template = {_text(name)} }}   # CHECK: no column names the refund; {stands_in} stands in"
    if rule.table == "order_lines" and "line_id" not in chosen:
        yield f"line_id = {{ template = {_text(place)} }}   # CHECK: no column numbers the lines; {stands_in} stands in"
    if rule.table == "order_lines" and "quantity" not in chosen:
        yield "quantity = 1   # CHECK: no column says how many"
    if rule.table == "parcels":
        code = found["tracking"].name
        yield f"parcel_id = {{ template = {_text('{' + code + '}')} }}"
    if rule.table in {"parcels", "scans"} and "carrier" not in chosen:
        yield 'carrier = { constant = "unknown" }   # CHECK'
    if rule.table == "identifiers":
        yield f'seen_in = {{ constant = "{"order" if "order" in found else "sign_up"}" }}'


def _settings(columns: Sequence[Column], made: Draft, lists: Iterable[str]) -> Iterator[str]:
    top = {next((path.partition(".")[0] for path in lists if name.startswith(f"{path}.")), name) for name in made.used}
    yield f"signature = [{', '.join(_text(column) for column in sorted(top))}]"
    shapes = [column.shape for column in columns if column.at_hand in made.used and (not column.lookup or column in made.looked_up)]
    times = sorted({shape.time for shape in shapes if shape.time})
    if times:
        yield f"formats = [{', '.join(map(_text, times))}]" + _either_way(times)
        if not all(shape.zoned for shape in shapes if shape.time):
            yield 'time_zone = "UTC"   # CHECK: the times carry no offset; whose clock is it?'
    if any(shape.decimal == "," for shape in shapes):
        yield 'decimal = ","'
    money = [fact for fact in made.facts if any(f'table = "{table}"' in fact for table in _MONEY)]
    if all(any(line.startswith("currency = ") for line in fact) for fact in money):
        return
    sign = next((shape.currency_sign for shape in shapes if shape.currency_sign), "")
    yield f'currency = "{sign or "XTS"}"   # CHECK: no column names the currency' + ("" if sign else "; XTS stands for none known")


def _either_way(times: list[str]) -> str:
    return "   # CHECK: day first or month first?" if any(form.startswith(("%d/%m", "%m/%d")) for form in times) else ""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)

"""The report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from beleg.audit.result import AuditResult
from beleg.draw import charts
from beleg.report import figures, people, reading, view, words


def render_html(result: AuditResult, *, staff: bool) -> str:
    """The whole report; sections on staff only where they were asked for and the result has them."""
    shown = staff and result.staff is not None
    result = result if shown else people.without_staff(result)
    style = styles()
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            result=result,
            staff=shown,
            style=style,
            style_hash=style_hash(style),
            cards=view.cards(result),
            groups=people.groups(result) if result.subjects.detectors else [],
            cuts=reading.breakdowns(result),
            books=reading.books_total(result),
            figure=_stacked(result),
        )
    )
    return "\n".join(line for line in page.splitlines() if line)


@cache
def styles() -> str:
    """The style sheet as it stands in the page."""
    source = _environment().get_template("styles.css").render()
    return "\n".join(line.strip() for line in source.splitlines() if line.strip())


def style_hash(style: str) -> str:
    """What a content security policy calls this style sheet."""
    return "sha256-" + b64encode(sha256(style.encode()).digest()).decode()


def _stacked(result: AuditResult) -> Markup:
    sums = reading.parts(result)
    said = "; ".join(f"{words.STANDINGS[key].label}: {figures.money(part.amount, result.currency)}" for key, part in sums)
    bar = [charts.Part(words.STANDINGS[key].label, part.amount, key) for key, part in sums]
    return charts.stacked_bar(bar, f"The refunded money in four parts. {said}")


def said(text: str, longest: int = figures.LONGEST) -> Markup:
    """Foreign text, safe to read: its direction stays its own, and every turn-about character is shown."""
    return Markup("<bdi>{}</bdi>").format(figures.plain(text, longest))


def cents(amount: str) -> Markup:
    """An amount whose minor digits stand back, so that the eye meets the large part first."""
    head, point, tail = amount.rpartition(".")
    return Markup('{}<span class="cents">.{}</span>').format(head, tail) if point else escape(amount)


def facts(ids: Sequence[str]) -> Markup:
    """Fact ids as they are in the ledger, a handful of them; the rest are in result.json."""
    shown = Markup(" ").join(Markup("<code>{}</code>").format(figures.plain(fact, 80)) for fact in ids[: view.IDS])
    left = len(ids) - view.IDS
    return shown + Markup(" <span class=soft>and {} more</span>").format(figures.count(left)) if left > 0 else shown


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("beleg.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= _filters()
    made.globals |= {
        "r": reading,
        "view": view,
        "who": people,
        "charts": charts,
        "STATES": words.STATES,
        "STANDINGS": words.STANDINGS,
        "counted": figures.counted,
    }
    return made


def _filters() -> dict[str, Any]:
    return {
        "cap": words.title,
        "cents": cents,
        "class_name": words.class_name,
        "clock": figures.clock,
        "count": figures.count,
        "day": figures.day,
        "day_of": figures.day_of,
        "facts": facts,
        "money": figures.money,
        "percent": figures.percent,
        "plain": figures.plain,
        "proof_name": words.proof_name,
        "said": said,
        "signed": figures.signed,
        "standing": words.standing_of,
        "state": words.state_of,
        "words": words.words,
    }

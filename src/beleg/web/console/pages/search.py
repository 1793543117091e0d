"""Search: cases, orders, rings, pseudonyms; a customer's own number finds the pseudonym, and nothing shows the number."""

from urllib.parse import quote

from starlette.responses import Response

from beleg.web.console.context import Context
from beleg.web.console.pages.case import link

MOST = 50
_SHOWN = {"slice": "refund", "refund": "refund", "ring": "ring"}


async def show(context: Context) -> Response:
    """What was found; where there is one thing, that thing."""
    words = context.request.query_params.get("q", "").strip()[:200]
    found = await _found(context, words) if words else []
    if len(found) == 1:
        return context.back(found[0][2])
    return context.render("search.html.j2", q=words, found=found[:MOST], more=max(len(found) - MOST, 0))


async def _found(context: Context, words: str) -> list[tuple[str, str, str]]:
    desk = context.desk
    found: dict[str, tuple[str, str]] = {}
    for row in desk.rows.find(words):
        found[f"/case/{row.id}"] = ("case", row.id)
    for kind, name in [*desk.findings, *(("slice", name) for name in desk.decisions)]:
        if kind in _SHOWN and name.startswith(words):
            found[link(kind, name, context)] = (_SHOWN[kind], name)
    if "people" in context.may:
        found |= _people(context, words)
    if not found and await desk.ledger.where("orders", "order_id", words):
        found[f"/refund/{quote(words)}"] = ("refund", words)
    return [(kind, name, address) for address, (kind, name) in sorted(found.items(), key=lambda one: (one[1], one[0]))]


def _people(context: Context, words: str) -> dict[str, tuple[str, str]]:
    """By pseudonym, or by the exact name in the facts."""
    shown = [words] if context.desk.behind_name(words) else [context.desk.known(kind, words) for kind in ("account", "staff")]
    kept = [one for one in shown if one and (not one.startswith("staff-") or context.site.settings.staff)]
    return {f"/person/{quote(one, safe='')}": ("person", one) for one in kept}

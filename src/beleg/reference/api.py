"""The pages on the HTTP API and on the service's settings, and the OpenAPI document."""

import msgspec

from beleg.connect.webhooks.intake import shipped
from beleg.reference.markdown import code, codes, page, table
from beleg.web.access import SCOPES
from beleg.web.app import ENDPOINTS
from beleg.web.endpoints import LARGEST
from beleg.web.openapi import document
from beleg.web.settings import meanings

_OPENING = """
Every body is JSON. The whole description is in [openapi.json](openapi.json), which the service also answers under
`/openapi.json`.

A key goes into `Authorization: Bearer beleg_...`. What is asked under one `Idempotency-Key` is done once: the same key with the
same body gets the first answer again, with another body a conflict. Money is in minor units, facts' times are microseconds UTC,
times in answers are RFC 3339. Errors are problem details (RFC 9457). Lists end with `next`, the cursor of the page after.
"""
_FEEDS = """
A webhook goes to `/v1/webhooks/` and its feed. It is believed only if its sender's signature fits the bytes as they came; the
secrets stand in `BELEG_WEBHOOK_SECRETS`. A delivery that comes again is taken once. What a mapping does not read is kept with it.
"""


def api() -> str:
    """The page on the API."""
    rows = ((code(f"{one.method} {one.path}"), one.summary, code(one.scope) if one.scope else "none") for one in ENDPOINTS)
    feeds = ((code(name), file.webhook.scheme, codes(file.webhook.topics)) for name, file in shipped().items())
    return page(
        "HTTP API",
        _OPENING,
        f"A body holds at most {LARGEST:,} bytes. Scopes of keys: {codes(SCOPES)}.",
        table(("endpoint", "what it does", "scope"), rows),
        "## Webhooks\n\n" + _FEEDS.strip("\n"),
        table(("feed", "signature", "topics that make facts"), feeds),
    )


def openapi() -> str:
    """The OpenAPI document."""
    return msgspec.json.format(msgspec.json.encode(document(ENDPOINTS)), indent=2).decode() + "\n"


def settings() -> str:
    """The page on settings."""
    rows = ((code(name), meaning, code(usual) if usual else "nothing") for name, (meaning, usual) in meanings().items())
    opening = "The service reads these variables when it starts. A secret may stand in a file instead: add `_FILE` to the name."
    return page("Settings of the service", opening, table(("variable", "meaning", "when it is not set"), rows))

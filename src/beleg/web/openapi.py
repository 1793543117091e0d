"""The OpenAPI 3.1 document, read off the endpoints and the types they take and give."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from beleg import __version__
from beleg.web.endpoints import Endpoint
from beleg.web.problems import TYPE, Problem

Json = dict[str, Any]

_EVERY = {400: "Bad request", 401: "No good key", 403: "Not allowed", 404: "Not found", 409: "Conflict", 413: "Too large",
          422: "Not understood", 429: "Too many requests", 503: "Try again"}  # fmt: skip
_LICENCE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
_WHAT = "Ask before a refund is paid: release, hold or review, with every reason. Errors are RFC 9457 problem details."


def document(endpoints: Sequence[Endpoint]) -> Json:
    """The whole document."""
    kinds = [kind for one in endpoints for kind in (one.takes, one.gives) if kind is not None]
    schemas, components = msgspec.json.schema_components([*kinds, Problem], ref_template="#/components/schemas/{name}")
    of = dict(zip(map(str, [*kinds, Problem]), schemas, strict=True))
    paths: Json = {}
    for one in endpoints:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Beleg", "version": __version__, "description": _WHAT, "license": _LICENCE},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(one: Endpoint, of: Json) -> Json:
    said = one.handler.__doc__ or ""
    operation: Json = {"operationId": one.name, "summary": one.summary, "description": said, "responses": _responses(one, of)}
    if one.scope:
        operation["security"] = [{"key": [one.scope]}]
    if one.takes is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": of[str(one.takes)]}}}
    elif one.method == "POST" and one.scope != "admin":
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {}}}}
    if parameters := _parameters(one):
        operation["parameters"] = parameters
    return operation


def _parameters(one: Endpoint) -> list[Json]:
    found: list[Json] = [_parameter(name, "path") for name in re.findall(r"{(\w+)}", one.path)]
    found += [_parameter(name, "query") for name in one.queries]
    if one.keyed:
        found.append(_parameter("Idempotency-Key", "header") | {"required": True})
    return found


def _parameter(name: str, where: str) -> Json:
    kind: Json = {"type": "integer", "minimum": 1, "maximum": 200} if name == "limit" else {"type": "string"}
    if where == "header":
        kind |= {"minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
    return {"name": name, "in": where, "required": where == "path", "schema": kind}


def _responses(one: Endpoint, of: Json) -> Json:
    good: Json = {"description": "Done"}
    if one.gives is not None:
        good["content"] = {"application/json": {"schema": of[str(one.gives)]}}
    elif one.status == 200:
        good["content"] = {"text/plain": {"schema": {"type": "string"}}}
    codes = {*one.errors, *((401, 403, 429) if one.scope else ()), 413}
    problem = {"content": {TYPE: {"schema": of[str(Problem)]}}}
    return {str(one.status): good, **{str(code): {"description": _EVERY[code], **problem} for code in sorted(codes)}}

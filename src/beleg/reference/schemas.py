"""One JSON Schema per table of facts, and one for the audit's answer."""

import json
from typing import Any

import msgspec

from beleg.audit.result import AuditResult
from beleg.facts.registry import fact_types
from beleg.facts.schema import json_schema

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """File name -> schema."""
    found = {f"{table}.json": _text(json_schema(fact)) for table, fact in fact_types().items()}
    return found | {"audit_result.json": _text(msgspec.json.schema(AuditResult))}


def _text(schema: dict[str, Any]) -> str:
    return json.dumps({"$schema": _DIALECT, **schema}, indent=2, ensure_ascii=False) + "\n"

"""Documents whose records lie in lists that name each other, such as EPCIS and OCSF, brought into plain rows for a mapping."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = Any
Row = dict[str, Any]


def epcis(document: Json) -> list[Row]:
    """The events of an EPCIS 2.0 document: a row for each article in it, with what an event says about goods that come back.

    EPCIS has no field for whoever acted; a namespaced ``beleg:actor`` and ``beleg:session`` are read where they are.
    """
    body = _of(document).get("epcisBody") or {}
    events = _of(body).get("eventList") or ([_of(body)["event"]] if "event" in _of(body) else [])
    return [row for number, event in enumerate(_listed(events)) for row in _event(_of(event), number)]


def _event(event: Mapping[str, Json], number: int) -> Iterator[Row]:
    business = {
        _short(one.get("type")): _last(one.get("bizTransaction")) for one in map(_of, _listed(event.get("bizTransactionList")))
    }
    units = [_last(one) for one in _listed(event.get("epcList"))] or [None]
    mass = next((report for report in _reports(event) if _short(report.get("type")) == "Mass"), {})
    error = _of(event.get("errorDeclaration"))
    for place, unit in enumerate(units):
        yield {
            "id": f"{event.get('eventID') or number}:{place}",
            "type": event.get("type"),
            "time": event.get("eventTime"),
            "recorded": event.get("recordTime"),
            "action": event.get("action"),
            "step": _short(event.get("bizStep")),
            "disposition": _short(event.get("disposition")),
            "site": _last(_of(event.get("bizLocation")).get("id")) or _last(_of(event.get("readPoint")).get("id")),
            "station": _last(_of(event.get("readPoint")).get("id")),
            "rma": business.get("rma"),
            "order": business.get("po") or business.get("inv"),
            "parcel": business.get("desadv") or _last(event.get("parentID")),
            "unit": unit,
            "mass": mass.get("value"),
            "actor": event.get("beleg:actor"),
            "session": event.get("beleg:session"),
            "error": _short(error.get("reason")) if error else None,
        }


def _reports(event: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for element in _listed(event.get("sensorElementList")):
        yield from map(_of, _listed(_of(element).get("sensorReport")))


def ocsf(document: Json) -> list[Row]:
    """OCSF events of staff, one or a list of them: who, in which session, from where, did what."""
    return [_staff(_of(event)) for event in _listed(document)]


def _staff(event: Mapping[str, Json]) -> Row:
    actor = _of(event.get("actor"))
    user = _of(event.get("user")) or _of(actor.get("user"))
    session = _of(event.get("session")) or _of(actor.get("session"))
    endpoint = _of(event.get("src_endpoint"))
    resource = _of(next(iter(_listed(event.get("resources"))), {}))
    return {
        "uid": _of(event.get("metadata")).get("uid"),
        "class": event.get("class_uid"),
        "what": f"{event.get('class_uid')}:{event.get('activity_id')}:{'ok' if event.get('status_id', 1) == 1 else 'failed'}",
        "time": event.get("time"),
        "login": user.get("uid") or user.get("name"),
        "session": session.get("uid"),
        "device": _of(event.get("device")).get("uid") or endpoint.get("uid") or endpoint.get("hostname"),
        "network": _of(endpoint.get("autonomous_system")).get("number") or endpoint.get("ip"),
        "operation": _of(event.get("api")).get("operation"),
        "resource_type": resource.get("type"),
        "resource": resource.get("uid") or resource.get("name"),
    }


def _of(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _short(name: Json) -> str | None:
    """A term of the core vocabulary as its bare word, however it was written."""
    return str(name).replace("-", ":").rsplit(":", 1)[-1] if name else None


def _last(name: Json) -> str | None:
    """The last part of an identifier such as ``urn:epcglobal:cbv:bt:0614141073467:A123``."""
    return str(name).rstrip("/").replace("/", ":").rsplit(":", 1)[-1] if name else None


FLATTENED: Mapping[str, Callable[[Json], list[Row]]] = {"epcis": epcis, "ocsf": ocsf}

"""The OpenAPI 3.1 document, made from the same structs that are read and sent."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.api.answers import ERRORS
from gateway.api.call import Call
from gateway.api.requests.bodies import DeadLetterDiscard, DeadLetterSelection, EventSelection, OperationWanted
from gateway.api.shapes import ErrorReply

REFERENCE = "#/components/schemas/{name}"
MEANINGS = {
    400: "What was asked cannot be meant; the detail says what was expected.",
    401: "No valid token.",
    403: "The token's role is too small.",
    404: "There is no such thing.",
    409: "It cannot be done in the present state.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many failed proofs from this address.",
    503: "The store cannot be reached; try again.",
}
EITHER_OR = [{"required": ["ids"]}, {"required": ["filter"]}]
OPERATIONS = {
    "oneOf": [*EITHER_OR, {"required": ["preview"]}],
    "allOf": [
        {
            "if": {"properties": {"of": {"const": "events"}}},
            "then": {
                "properties": {
                    "kind": {"enum": ["preview", "replay"]},
                    "filter": {"$ref": REFERENCE.format(name="EventWhich")},
                }
            },
            "else": {"properties": {"filter": {"$ref": REFERENCE.format(name="DeadLetterWhich")}}},
        },
        {"if": {"properties": {"kind": {"const": "discard"}}}, "then": {"not": {"required": ["preview"]}}},
        {
            "if": {"properties": {"force": {"const": True}}, "required": ["force"]},
            "then": {"required": ["ids"], "properties": {"ids": {"maxItems": 100}}},
        },
    ],
}
"""What the struct cannot say of an operation: how its members go together."""


def describe(calls: Sequence[Call], prefix: str) -> bytes:
    """The document for these calls, as JSON."""
    asked = {part for call in calls for part in (call.query, call.body) if part is not None}
    answers = {part for call in calls for part in (call.answer, call.becomes) if part is not None}
    shapes = sorted({*asked, *answers, ErrorReply}, key=lambda shape: shape.__name__)
    references, components = msgspec.json.schema_components(shapes, ref_template=REFERENCE)
    for selection in (EventSelection, DeadLetterSelection, DeadLetterDiscard):
        _narrow(components, selection)
    components[OperationWanted.__name__] |= OPERATIONS
    for component in components.values():
        component["description"] = _one_paragraph(component.get("description", ""))
    named = dict(zip(shapes, references, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        path = f"{prefix}/{call.path.replace(':path}', '}')}"
        paths.setdefault(path, {})[call.method.lower()] = _operation(call, named, components)
    # Parameters are written out at each call; their structs would stand there unused.
    for query in {call.query for call in calls} - {call.body for call in calls}:
        components.pop(query.__name__, None)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Trackely Gateway: the operators' API",
            "version": "1",
            "description": "Where is an order, and why. Ids in paths are percent-encoded, slashes too.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }
    return msgspec.json.encode(document)


def _operation(call: Call, named: dict[type, Any], components: dict[str, Any]) -> dict[str, Any]:
    kind = "text/event-stream" if call.is_stream else "application/json"
    answers: dict[str, Any] = {str(call.done): _content("Done.", named[call.answer], kind)}
    if "format" in call.query.__struct_fields__:
        answers["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}
    if call.becomes is not None:
        answers["202"] = _content("It takes longer, and goes on by itself.", named[call.becomes])
    for status in _statuses(call):
        answers[str(status)] = _content(MEANINGS[status], named[ErrorReply])
    operation: dict[str, Any] = {
        "operationId": call.name,
        "summary": call.summary,
        "description": f"Needs the role `{call.role.name.lower()}`.",
        "parameters": _path_parameters(call) + _query_parameters(call, components),
        "responses": answers,
    }
    if call.body is not None:
        operation["requestBody"] = {
            "required": call.needs_body,
            "content": {"application/json": {"schema": named[call.body]}},
        }
    return operation


def _statuses(call: Call) -> list[int]:
    found = {400, 401, 403, 429, 503, *call.statuses}
    if "{" in call.path:
        found.add(404)
    if call.method == "POST":
        found |= {413, 415}
    return sorted(found & ERRORS.keys())


def _path_parameters(call: Call) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)", call.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(call: Call, components: dict[str, Any]) -> list[dict[str, Any]]:
    component = components[call.query.__name__]
    return [
        {"name": name, "in": "query", "required": name in component.get("required", ()), "schema": schema}
        for name, schema in component["properties"].items()
    ]


def _content(meaning: str, schema: Any, kind: str = "application/json") -> dict[str, Any]:
    return {"description": meaning, "content": {kind: {"schema": schema}}}


def _narrow(components: dict[str, Any], selection: type) -> None:
    """Say what the struct cannot: either ids or a filter, and the filter not empty."""
    component = components[selection.__name__]
    component["oneOf"] = EITHER_OR
    reference = component["properties"]["filter"]["$ref"]
    components[reference.rpartition("/")[2]]["minProperties"] = 1


def _one_paragraph(text: str) -> str:
    return " ".join(text.split())

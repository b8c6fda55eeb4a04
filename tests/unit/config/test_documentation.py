"""The shipped file and the reference page say every key, with its default, as the model has it."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

import msgspec
import pytest

from gateway.config.convert import convert
from gateway.config.load import load, secrets_of, warnings_of
from gateway.config.model import Section, Settings
from gateway.config.nodes import Faults, Items, KeyPath, Node, Table, Text
from gateway.config.yaml import read_yaml
from gateway.registry import find_adapter

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "config.yaml"
PAGE = ROOT / "docs/configuration.md"
ENVIRON = {
    name: f"made-up-{name.lower()}"
    for name in ("GATEWAY_API_TOKEN", "TRACKELY_DEMO_SECRET", "ONGOING_PASSWORD", "LP_TOKEN")
}
EXAMPLES = {
    ("Server", "admin"),
    ("ApiAccess", "tokens"),
    ("Tenant", "pull_secret"),
    ("Settings", "notify"),
    ("Settings", "tracing"),
}
"""Keys that the shipped file shows switched off with an example instead of their default, and says so."""


def sections(kind: Any = Settings, place: str = "") -> Iterator[tuple[str, type[Section]]]:
    """Every section of the model with the place that a reader knows it by."""
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, Section):
        tag = kind.__struct_config__.tag
        place = f"auth: {tag}" if tag else place
        yield place, kind
        for field in msgspec.structs.fields(kind):
            yield from sections(field.type, f"{place}.{field.encode_name}".removeprefix("."))
    elif origin is list:
        yield from sections(get_args(kind)[0], f"{place}[]")
    elif origin is dict:
        yield from sections(get_args(kind)[1], f"{place}.<name>")
    elif origin in (Union, UnionType):
        for member in get_args(kind):
            yield from sections(member, place)


SECTIONS = dict(sections())


class Shown(NamedTuple):
    """A key that a file shows, and the section that it belongs to."""

    path: KeyPath
    section: type[Section]
    field: msgspec.structs.FieldInfo
    node: Node


def shown(node: Node, kind: Any = Settings, path: KeyPath = ()) -> Iterator[Shown]:
    """Every key of the model that a tree holds, with its place."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    for member in kinds:
        if isinstance(node, Items) and get_origin(member) is list:
            for place, item in enumerate(node.items):
                yield from shown(item, get_args(member)[0], (*path, place))
        elif isinstance(node, Table) and get_origin(member) is dict:
            for key, entry in node.entries.items():
                yield from shown(entry, get_args(member)[1], (*path, key))
        elif isinstance(node, Table) and isinstance(member, type) and issubclass(member, Section):
            yield from shown_of(node, member, path)


def shown_of(node: Table, section: type[Section], path: KeyPath) -> Iterator[Shown]:
    """The keys of one section, unless the tag says that it is another."""
    tag = node.entries.get("type")
    if isinstance(tag, Text) and section.__struct_config__.tag != tag.text:
        return
    for field in msgspec.structs.fields(section):
        if field.encode_name in node.entries:
            entry = node.entries[field.encode_name]
            yield Shown((*path, field.encode_name), section, field, entry)
            yield from shown(entry, field.type, (*path, field.encode_name))


def default_of(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()


def switched_on() -> str:
    """The shipped file with every key that it shows switched off; an explanation has a space after its `#`."""
    return re.sub(r"(?m)^(\s*)#(?=[^\s#])", r"\1", SHIPPED.read_text(encoding="utf-8"))


@pytest.fixture
def whole(tmp_path) -> Node:
    """The tree of the shipped file with everything switched on."""
    file = tmp_path / "config.yaml"
    file.write_text(switched_on(), encoding="utf-8")
    names = re.findall(r"\$\{([A-Z_]+)\}", switched_on())
    faults = Faults()
    tree = read_yaml(file, dict.fromkeys(names, "made-up"), faults)
    convert(tree, Settings, (), faults)
    faults.settle()
    return tree


def test_the_shipped_file_is_good():
    """With its four secrets set it loads, with the built-in adapters, and warns of nothing.

    The fifth is the password of the demo's stand-in.
    """
    config = load(SHIPPED, ENVIRON, find_adapter)

    assert set(config.sources) == {"ongoing-acme", "logistics-plus"}
    assert sorted(secrets_of(config)) == sorted([*ENVIRON.values(), "of-the-demos-stand-in"])
    assert warnings_of(config) == []


def test_the_readmes_own_file_is_good(tmp_path):
    """With the variables that the README sets beside it, it loads and warns of nothing."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"(?s)```yaml\n(.+?)```", readme)
    (line,) = re.findall(r"(?m)^export (.+?) *#", readme)
    (tmp_path / "gateway.yaml").write_text(text, encoding="utf-8")
    config = load(
        tmp_path / "gateway.yaml",
        dict.fromkeys((each.split("=")[0] for each in line.split()), "as-long-as-it-should-be"),
        find_adapter,
    )

    assert warnings_of(config) == []


def test_the_shipped_file_names_every_key(whole):
    """Each section of the model stands in the file, and each key of it, switched on or off."""
    found: dict[type[Section], set[str]] = {}
    for key in shown(whole):
        found.setdefault(key.section, set()).add(key.field.encode_name)

    assert found == {
        section: {field.encode_name for field in msgspec.structs.fields(section)} for section in SECTIONS.values()
    }


def test_what_is_switched_off_is_the_default(whole):
    """Switching a line on changes nothing, but for the examples, which are called so."""
    switched_on_already = {key.path for key in shown(read_yaml(SHIPPED, ENVIRON, Faults()))}
    examples = {key.path for key in shown(whole) if (key.section.__name__, key.field.encode_name) in EXAMPLES}
    checked = 0
    for path, _, field, node in shown(whole):
        is_example = any(path[: len(example)] == example for example in examples)
        if path not in switched_on_already and not is_example and not field.required:
            checked += 1

            assert convert(node, field.type, (), Faults()) == default_of(field), path
    assert checked >= 30


def rows_of_the_page() -> dict[str, dict[str, str]]:
    """Place -> key -> the default as the page has it."""
    found: dict[str, dict[str, str]] = {}
    place = None
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            place = "" if line == "## The file" else line.removeprefix("## ").strip("`")
        row = re.fullmatch(r"\| `([a-z_]+)` \| (.+?) \| (.+?) \| (.+) \|", line)
        if row and place is not None:
            found.setdefault(place, {})[row[1]] = row[3].strip("`")
    return found


def test_the_page_has_a_row_for_every_key():
    """And none for a key that is not there."""
    rows = rows_of_the_page()

    assert {place: set(keys) for place, keys in rows.items()} == {
        place: {field.encode_name for field in msgspec.structs.fields(section)} for place, section in SECTIONS.items()
    }


@pytest.mark.parametrize("place", SECTIONS)
def test_the_page_gives_every_default_as_it_is(place, tmp_path):
    """Read as YAML by the key's type, the page's default is the model's; — stands for none."""
    rows = rows_of_the_page()[place]
    file = tmp_path / "default.yaml"
    for field in msgspec.structs.fields(SECTIONS[place]):
        written = rows[field.encode_name]
        if field.required:
            assert written == "—", field.encode_name
            continue
        file.write_text(f"v: {written}")
        faults = Faults()
        value = convert(read_yaml(file, {}, faults), dict[str, field.type], (), faults)["v"]

        assert faults.is_clear()
        assert value == default_of(field)

from pathlib import Path

import pytest

from gateway.config.convert import convert, plain
from gateway.config.load import load
from gateway.config.nodes import Faults, Items, Table, Text, nearest
from gateway.config.yaml import read_yaml
from gateway.errors import ConfigError


def tree_of(tmp_path, text, environ=None):
    """The tree of a text, and what is wrong with it."""
    file = tmp_path / "file.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    faults = Faults()
    tree = read_yaml(file, environ or {}, faults)
    try:
        faults.settle()
    except ConfigError as error:
        return tree, [(fault.path, fault.detail) for fault in error.faults]
    return tree, []


def text_at(tree, *path):
    node = nearest(tree, path)
    assert isinstance(node, Text)
    return node.text


def test_keys_and_texts_stay_as_written(tmp_path):
    """A warehouse `NO`, a code `0123`, a time `12:30` and a number as a key are text, in keys and in values."""
    text = "NO: yes\n0123: 0456\n74: 12:30\ntrue: 1_000\n~: 1.10\n2020-01-01: x"
    tree, faults = tree_of(tmp_path, text)

    assert faults == []
    assert {key: node.text for key, node in tree.entries.items()} == {
        "NO": "yes",
        "0123": "0456",
        "74": "12:30",
        "true": "1_000",
        "~": "1.10",
        "2020-01-01": "x",
    }


@pytest.mark.parametrize(
    ("text", "path", "detail"),
    [
        ("a: 1\nb: 2\na: 3", "a", "duplicate key, line 3; first on line 1"),
        ("a: {74: x, '74': y}", "a.74", "duplicate key, line 1; first on line 1"),
        ("l: [{k: 1, k: 2}]", "l[0].k", "duplicate key, line 1; first on line 1"),
        ("a: {[1]: 2}", "a", "expected text as a key, line 1"),
        ("a: [1", "", "not YAML: expected ',' or ']', but got '<stream end>', line 1, column 6"),
        ("a: *gone", "", "not YAML: found undefined alias a name, line 1, column 4"),
        ("a: 1\n---\nb: 2", "", "not YAML: but found another document, line 2, column 1"),
        (b"a: \xff", "", "not YAML: not UTF-8 text, or characters that YAML does not allow"),
        (b"a: \x00", "", "not YAML: not UTF-8 text, or characters that YAML does not allow"),
        ("[" * 3000, "", "nested too deeply"),
        ("a: &x {<<: 5}", "a.<<", "expected a mapping, or a list of them"),
    ],
)
def test_what_is_no_good_yaml_is_a_fault(tmp_path, text, path, detail):
    """Duplicate keys, keys that are no text, broken YAML and what cannot be read are faults with their place."""
    assert tree_of(tmp_path, text)[1] == [(path, detail)]


@pytest.mark.parametrize("text", ["a: !secret x", "a: !!binary x", "a: !python/name:os.system []", "a: &x [*x]"])
def test_tags_and_circles_are_faults_where_they_are_read(tmp_path, text):
    """No tag is known, and an anchor may not hold itself."""
    tree, found = tree_of(tmp_path, text)
    faults = Faults()
    convert(tree, dict[str, list[str]], (), faults)

    assert found == []
    assert not faults.is_clear("a")


def test_only_a_plain_null_is_null(tmp_path):
    """`~`, `null` and nothing are null; the same in quotes is text."""
    tree, _ = tree_of(tmp_path, "a: ~\nb: null\nc:\nd: 'null'\ne: ''\nf: !!str null")

    assert [node.is_null for node in tree.entries.values()] == [True, True, True, False, False, False]


def test_anchors_and_merge_keys(tmp_path):
    """A merge key brings in what the mapping does not say itself; of several, the earlier wins."""
    text = "x-a: &a {p: 1, q: 1}\nx-b: &b {q: 2, r: 2}\nm: {<<: [*a, *b], p: own}\nn: *a"
    tree, faults = tree_of(tmp_path, text)

    assert faults == []
    assert plain(tree, (), Faults()) == {"m": {"q": 1, "r": 2, "p": "own"}, "n": {"p": 1, "q": 1}}


def test_x_keys_are_ignored_in_every_mapping(tmp_path):
    """What stands under a key that begins with `x-` is not even expanded."""
    tree, faults = tree_of(tmp_path, "x-note: ${UNSET}\na: {x-b: {c: '${UNSET}'}, X-d: 1}\nl: [{x-e: 1, f: 2}]")

    assert faults == []
    assert plain(tree, (), Faults()) == {"a": {"X-d": 1}, "l": [{"f": 2}]}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("${NAME}", 'it\'s: #1 "${x}" {a: b}'),
        ("'a-${WORD}-${WORD}'", "a-word-word"),
        ("${UNSET:-8080}", "8080"),
        ("${EMPTY:-else}", "else"),
        ("${WORD:-else}", "word"),
        ("${UNSET:-}", ""),
        ("${EMPTY}", ""),
        ("$${NAME}", "${NAME}"),
        ("$NAME and $5", "$NAME and $5"),
        ("${file:secret.txt}", "from: a file"),
        ("<${file:secret.txt}>", "<from: a file>"),
        ("${file:notepad.txt}", "from: an editor"),
    ],
)
def test_expansion_happens_inside_scalars(tmp_path, written, read):
    """Whatever a variable or a file holds is text: it cannot change the document, and is not expanded again."""
    (tmp_path / "secret.txt").write_bytes(b"from: a file\r\n\n")
    (tmp_path / "notepad.txt").write_bytes(b"\xef\xbb\xbffrom: an editor\r\n")
    environ = {"NAME": 'it\'s: #1 "${x}" {a: b}', "WORD": "word", "EMPTY": ""}
    tree, faults = tree_of(tmp_path, f"a: {written}", environ)

    assert faults == []
    assert text_at(tree, "a") == read


@pytest.mark.parametrize(
    ("written", "detail"),
    [
        ("${UNSET}", "missing secret or variable UNSET: it is not set in the environment"),
        ("${file:gone}", "missing secret file gone: No such file or directory"),
        ("${file:latin.txt}", "secret file latin.txt: not readable as UTF-8 text"),
        (
            "${NAME",
            "expected ${NAME}, ${NAME:-default} or ${file:path}, none inside another; a literal ${ is written $${",
        ),
        (
            "${NA ME}",
            "expected ${NAME}, ${NAME:-default} or ${file:path}, none inside another; a literal ${ is written $${",
        ),
        (
            "${UNSET:-${NAME}}",
            "expected ${NAME}, ${NAME:-default} or ${file:path}, none inside another; a literal ${ is written $${",
        ),
        (
            "${file:${NAME}/x}",
            "expected ${NAME}, ${NAME:-default} or ${file:path}, none inside another; a literal ${ is written $${",
        ),
        ("${}", "expected ${NAME}, ${NAME:-default} or ${file:path}, none inside another; a literal ${ is written $${"),
    ],
)
def test_what_cannot_be_expanded_is_a_fault_at_its_key(tmp_path, written, detail):
    """An unset variable, a missing file and a broken mark name the key, the variable and the way out."""
    (tmp_path / "latin.txt").write_bytes(b"\xe9")
    tree, _ = tree_of(tmp_path, f"a: ['{written}']", {"NAME": "x"})
    node = nearest(tree, ("a", 0))

    assert isinstance(node, Text)
    assert node.fault == detail


def test_includes_are_merged_beneath_the_including_file(tmp_path):
    """The including file wins over its includes, a later one over an earlier; mappings merge, lists are replaced."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/one.yaml").write_text("a: {p: 1, q: 1, l: [1, 2]}\nfile: one\ninclude: deeper/three.yaml")
    (tmp_path / "parts/two.yaml").write_text("a: {q: 2, l: [3]}\nfile: two")
    (tmp_path / "parts/deeper").mkdir()
    (tmp_path / "parts/deeper/three.yaml").write_text("deep: '${file:secret}'\nfile: three")
    (tmp_path / "parts/deeper/secret").write_text("found\n")
    tree, faults = tree_of(tmp_path, "include: [parts/one.yaml, '${PARTS}/two.yaml']\na: {p: 0}", {"PARTS": "parts"})

    assert faults == []
    assert plain(tree, (), Faults()) == {"a": {"p": 0, "q": 2, "l": [3]}, "file": "two", "deep": "found"}
    assert nearest(tree, ("deep",)).file == str(tmp_path / "parts/deeper/three.yaml")


def test_a_missing_variable_that_the_including_file_replaces_is_no_fault(tmp_path):
    """Only what counts in the end is judged."""
    (tmp_path / "base.yaml").write_text("a: ${UNSET}")
    tree, _ = tree_of(tmp_path, "include: base.yaml\na: here")
    faults = Faults()

    assert convert(tree, dict[str, str], (), faults) == {"a": "here"}
    assert faults.is_clear()


@pytest.mark.parametrize(
    ("text", "path", "detail"),
    [
        ("include: gone.yaml", "include", "gone.yaml cannot be read: No such file or directory"),
        ("include: [list.yaml, gone.yaml]", "include[1]", "gone.yaml cannot be read: No such file or directory"),
        ("include: file.yaml", "include", "file.yaml includes itself in the end"),
        ("include: {a: 1}", "include", "expected a file's path, or a list of them"),
        ("include: [~]", "include[0]", "expected a file's path, or a list of them"),
        ("include: ${UNSET}", "include", "missing secret or variable UNSET: it is not set in the environment"),
    ],
)
def test_includes_that_do_not_do(tmp_path, text, path, detail):
    """A missing file, a circle and what names no file are faults at the `include`."""
    (tmp_path / "list.yaml").write_text("a: 1")

    assert (path, detail) in tree_of(tmp_path, text)[1]


def test_a_circle_of_two_is_named_in_the_file_that_closes_it(tmp_path):
    """Files may include one another, but not in a circle; one file twice is no circle."""
    (tmp_path / "b.yaml").write_text("include: file.yaml")
    (tmp_path / "c.yaml").write_text("c: 1")

    assert tree_of(tmp_path, "include: b.yaml")[1] == [("include", "file.yaml includes itself in the end")]
    assert tree_of(tmp_path, "include: [c.yaml, c.yaml]")[1] == []


def test_a_fault_names_the_file_that_holds_the_key(tmp_path):
    """With includes, the operator is told in which file to look."""
    (tmp_path / "tenants.yaml").write_text("tenants: {demo: {timeout: soon}}")
    (tmp_path / "config.yaml").write_text("include: tenants.yaml\nsources: {}\napi: {token: abcd}")
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "config.yaml", {}, lambda _name, _directory: pytest.fail("there is no source"))

    assert (str(tmp_path / "tenants.yaml"), "tenants.demo.timeout") in [(f.file, f.path) for f in raised.value.faults]


def test_a_missing_file_and_an_empty_one(tmp_path):
    """A file that is not there is one fault; an empty one lacks its keys."""
    for name, path in (("gone.yaml", ""), ("empty.yaml", "tenants")):
        (tmp_path / "empty.yaml").write_text("# nothing\n")
        with pytest.raises(ConfigError) as raised:
            load(tmp_path / name, {}, lambda _name, _directory: pytest.fail("there is no source"))

        assert raised.value.faults[0].path == path


def test_nearest_is_the_deepest_node_on_the_way(tmp_path):
    """A path that leads nowhere ends at the last node that is there."""
    tree, _ = tree_of(tmp_path, "a: {b: [x]}")
    listed = nearest(tree, ("a", "b"))

    assert isinstance(listed, Items)
    assert nearest(tree, ("a", "b", 5)) is listed
    assert nearest(tree, ("z",)) is tree
    assert isinstance(tree, Table)


def test_a_directory_is_not_a_file(tmp_path: Path):
    """The fault says so in the system's own words."""
    faults = Faults()
    read_yaml(tmp_path, {}, faults)

    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        faults.settle()

import sys
from pathlib import Path

import pytest

from gateway.registry import GROUP, find_adapter, named_adapters

GOOD = """
from __future__ import annotations

from adapters import Adapter, Hook, Identity, Ignored, OptionsModel


class Inner(OptionsModel, frozen=True):
    a: int = 1


class Options(OptionsModel, frozen=True):
    inner: Inner = Inner()


ADAPTER = Adapter(
    name="acme",
    version="VERSION",
    options=Options,
    identify=lambda hook: Identity(None),
    translate=lambda hook, options, answers: Ignored("nothing to ship"),
)
"""


def _with(member: str) -> str:
    """The adapter with another member, last of all."""
    name = member.partition("=")[0]
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"    {name}=")]
    return "\n".join([*lines[:-1], f"    {member},", ")"])


def install(directory: Path, name: str, value: str) -> None:
    """What a package manager leaves behind of an installed adapter."""
    folder = directory / f"{name}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {value}\n")


def test_a_path_is_relative_to_the_directory(tmp_path):
    """`./acme.py` is a file beside the configuration; so is `acme.py`, and an absolute path is itself."""
    (tmp_path / "acme.py").write_text(GOOD.replace("VERSION", "7"))

    for reference in ("./acme.py", "acme.py", str(tmp_path / "acme.py")):
        assert find_adapter(reference, tmp_path).version == "7"


@pytest.mark.parametrize("contract", [1, 2])
def test_every_contract_up_to_ours_is_kept(tmp_path, contract):
    """An adapter says which contract it needs; version 1 goes on working."""
    (tmp_path / "acme.py").write_text(GOOD.replace('"VERSION"', f'"1", contract={contract}'))

    assert find_adapter("./acme.py", tmp_path).contract == contract


@pytest.mark.parametrize("contract", ["3", "0", "'2'"])
def test_a_contract_that_is_not_kept_is_refused(tmp_path, contract):
    """An adapter that needs more than this gateway keeps is not loaded, in words that say so."""
    (tmp_path / "acme.py").write_text(GOOD.replace('"VERSION"', f'"1", contract={contract}'))

    with pytest.raises(LookupError, match="needs contract"):
        find_adapter("./acme.py", tmp_path)


def test_an_edited_file_is_read_again(tmp_path):
    """No cached byte code hides an edit, however quick."""
    for version in ("1", "2", "3"):
        (tmp_path / "acme.py").write_text(GOOD.replace("VERSION", version))

        assert find_adapter("./acme.py", tmp_path).version == version


def test_files_of_one_name_do_not_meet(tmp_path):
    """Two folders may each have an acme.py."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "acme.py").write_text(GOOD.replace("VERSION", folder))
    one, other = find_adapter("a/acme.py", tmp_path), find_adapter("b/acme.py", tmp_path)

    assert (one.version, other.version) == ("a", "b")
    assert one.options().inner.a == 1


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def broken(:\n", "SyntaxError: invalid syntax (line 1)"),
        ("\n1 / 0\n", "ZeroDivisionError: division by zero"),
        ("import no_such_module_anywhere\n", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("x = 1\n", "it has no ADAPTER"),
        ("ADAPTER = {}\n", "its ADAPTER is a dict, expected an adapters.Adapter"),
        (_with("options=dict"), "its options: expected a subclass of adapters.OptionsModel, got a type"),
        (_with("version=1"), "its version: expected a text, got a int"),
        (_with("name=''"), "its name: expected a text, got a blank one"),
        (_with("translate=None"), "its translate: expected a function, got a NoneType"),
        (
            _with("reads_headers='x-topic'"),
            "its reads_headers: expected a tuple of texts, such as ('x-topic',), got a str",
        ),
        (_with("references=('$.a', 5)"), "its references: expected a tuple of texts"),
        (_with("api='https://x'"), "its api: expected a function, got a str"),
        (_with("handshake='x'"), "its handshake: expected an adapters.Handshake, got a str"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        ("\0", "source code string cannot contain null bytes"),
    ],
)
def test_a_file_that_does_not_load_says_why(tmp_path, source, words):
    """Whatever is wrong with an adapter's file is one sentence for the operator."""
    (tmp_path / "acme.py").write_text(source)
    with pytest.raises(LookupError) as raised:
        find_adapter("./acme.py", tmp_path)

    assert str(raised.value).startswith(f"adapter file {tmp_path / 'acme.py'}: ")
    assert words in str(raised.value)


@pytest.mark.soak
def test_a_file_that_does_not_end_says_so(tmp_path):
    """Whoever checks a configuration is not kept for ever; a soak, since it takes its whole span."""
    (tmp_path / "acme.py").write_text("while True: pass\n")
    with pytest.raises(LookupError, match="did not load within 10 s"):
        find_adapter("./acme.py", tmp_path)


def test_a_broken_file_leaves_no_module_behind(tmp_path):
    """A failed import is forgotten."""
    (tmp_path / "acme.py").write_text("1 / 0")
    before = set(sys.modules)
    with pytest.raises(LookupError):
        find_adapter("./acme.py", tmp_path)

    assert set(sys.modules) == before


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("./gone.py", "No such file or directory"),
        ("./", "Is a directory"),
        ("acmee", "unknown adapter acmee: "),
        ("contract", "unknown adapter contract: "),
        ("", "unknown adapter : "),
    ],
)
def test_what_is_not_there_is_said(tmp_path, reference, words):
    """A missing file, an unknown name and a module that holds no adapter."""
    with pytest.raises(LookupError) as raised:
        find_adapter(reference, tmp_path)

    assert words in str(raised.value)


def test_a_near_miss_is_suggested(tmp_path):
    """A typo in a built-in's name names the one that was meant."""
    with pytest.raises(LookupError, match="unknown adapter ongoig: did you mean ongoing\\?"):
        find_adapter("ongoig", tmp_path)


def test_built_ins_are_known_by_name(tmp_path):
    """The name in the configuration, the module's and the adapter's own are the same."""
    names = [found.name for found in named_adapters() if found.origin == "built-in"]

    assert {"logistics_plus", "ongoing"} <= set(names)
    assert [find_adapter(name, tmp_path).name for name in names] == names


def test_an_installed_adapter_is_found_by_its_entry_point(tmp_path, monkeypatch):
    """The entry point is a module with an ADAPTER, or the adapter itself."""
    (tmp_path / "acme_one_adapter.py").write_text(GOOD.replace("VERSION", "4"))
    install(tmp_path, "acme_one", "acme_one_adapter")
    install(tmp_path, "acme_two", "acme_one_adapter:ADAPTER")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert find_adapter("acme_one", tmp_path).version == "4"
    assert find_adapter("acme_two", tmp_path) is find_adapter("acme_one", tmp_path)


def test_all_that_can_be_named_are_listed_with_their_origin(tmp_path, monkeypatch):
    """A broken one is in the list with its fault and hides no other; an installed one cannot take a built-in's name."""
    (tmp_path / "acme_three_adapter.py").write_text(GOOD.replace("VERSION", "5"))
    (tmp_path / "local.py").write_text(GOOD.replace("VERSION", "6"))
    install(tmp_path, "acme_three", "acme_three_adapter")
    install(tmp_path, "broken_one", "no_such_module_anywhere")
    install(tmp_path, "ongoing", "acme_three_adapter")
    monkeypatch.syspath_prepend(str(tmp_path))
    listed = named_adapters([tmp_path / "local.py"])
    found = {(each.name, each.origin): (each.version, each.fault) for each in listed}

    assert found[("acme_three", "installed")] == ("5", None)
    assert found[("local", "file")] == ("6", None)
    assert found[("broken_one", "installed")][0] is None
    assert "ModuleNotFoundError" in found[("broken_one", "installed")][1]
    assert ("ongoing", "built-in") in found
    assert ("ongoing", "installed") not in found

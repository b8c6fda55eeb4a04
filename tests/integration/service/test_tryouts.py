"""An adapter's changed code in the hands of those who try it."""

import itertools

import pytest

from gateway.config.code import digest_of, is_another_on_disk
from gateway.config.model import Config, Settings
from gateway.registry import find_adapter
from gateway.service.tryouts import TRYOUT_SECONDS, Tryouts

NOTHING = Config(Settings(tenants={}, sources={}), {}, "", "")

LOADS = """
from adapters import Adapter, Identity, OptionsModel
ADAPTER = Adapter(name="acme", version="1", options=OptionsModel, identify=Identity, translate=lambda *_: [])
"""


def test_code_that_does_not_end_is_given_up(tmp_path):
    """After ten seconds in all, of which this one has a tenth left."""
    ticks = itertools.chain([0.0], itertools.repeat(TRYOUT_SECONDS))
    (tmp_path / "acme.py").write_text("while True: pass")
    tryouts = Tryouts(NOTHING, lambda: next(ticks))

    with pytest.raises(LookupError, match=r"acme\.py: it did not pass its golden cases within 10 s"):
        tryouts.find("./acme.py", tmp_path)


def test_two_sources_of_one_file_are_tried_once(tmp_path):
    """They have one adapter, of the bytes that were read."""
    (tmp_path / "acme.py").write_text(LOADS)
    tryouts = Tryouts(NOTHING)

    assert tryouts.find("./acme.py", tmp_path) is tryouts.find("acme.py", tmp_path)


def test_an_installed_adapter_that_was_exchanged_is_noticed(tmp_path, monkeypatch):
    """By what lies where it was loaded from; this process goes on with what it has."""
    package = tmp_path / "trackely_exchanged"
    package.mkdir()
    (package / "__init__.py").write_text("from trackely_exchanged.page import ADAPTER")
    (package / "page.py").write_text("def translate(*_): return []\n" + LOADS.replace("lambda *_: []", "translate"))
    info = tmp_path / "trackely_exchanged-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trackely-exchanged\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[trackely_gateway.adapters]\nexchanged = trackely_exchanged\n")
    monkeypatch.syspath_prepend(tmp_path)
    adapter = find_adapter("exchanged", tmp_path)
    before, was = digest_of(adapter), is_another_on_disk(adapter)
    (package / "page.py").write_text("# another\n")

    assert (before != "", was, is_another_on_disk(adapter)) == (True, False, True)
    assert digest_of(adapter) == before

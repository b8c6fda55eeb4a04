import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.load import load
from gateway.errors import ConfigError
from gateway.registry import find_adapter

SHIPPED = Path(__file__).parents[3] / "config.yaml"
WRONG = [None, "", "${UNSET}", -1, ["wrong"], [None], {"wrong": 1}, [{"type": "basic"}]]


ENVIRON = dict.fromkeys(("GATEWAY_API_TOKEN", "TRACKELY_DEMO_SECRET", "ONGOING_PASSWORD", "LP_TOKEN"), "made-up")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path of a tree but its root."""
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, (*path, key))


TREE = yaml.safe_load(SHIPPED.read_text(encoding="utf-8")) | {
    "tracing": {"endpoint": "http://127.0.0.1:4318", "sample": 0.5},
    "replica": {"name": "one", "heartbeat": "5s"},
    "notify": [{"email": "a@b.example", "smtp": "smtp://mail.example", "events": ["halt"]}],
}
"""What the shipped file shows in comments alone stands here, too."""


@pytest.mark.parametrize("place", list(places(TREE)), ids=lambda place: ".".join(map(str, place)))
def test_a_wrong_value_anywhere_is_said_or_fits_and_never_breaks_the_reading(place, tmp_path):
    """Whatever stands anywhere in the file: faults with a path and words, or a whole configuration; no other error."""
    file = tmp_path / "config.yaml"
    for wrong in WRONG:
        tree = copy.deepcopy(TREE)
        holder = tree
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = wrong
        file.write_text(json.dumps(tree), encoding="utf-8")
        try:
            faults = []
            load(file, ENVIRON, find_adapter)
        except ConfigError as error:
            faults = error.faults

        assert all(fault.path and fault.detail for fault in faults)

"""Five broken adapters: `adapter check` names what is wrong, and the gateway goes on without losing an event."""

import json
import shutil
from pathlib import Path

import pytest

from gateway.registry import find_adapter
from gateway.workshop.kit.checks import SLOW
from gateway.workshop.kit.scorecard import assess, remedy_of
from tests.processes import API_TOKEN, PROOF, Gateway, eventually, source, tenant, told

BROKEN = Path(__file__).parents[2] / "broken_adapters"
TOKEN = {"Authorization": f"Bearer {API_TOKEN}"}
DEFECTS = {
    "raises": "KeyError: 'A-1'",
    "wrong_type": "a translation that is a Order",
    "endless": "did not end within a second",
    "unlisted_header": "asks for the header x-deliver-to, which reads_headers does not list",
}


def problems_of(name: str) -> list[str]:
    adapter = find_adapter(f"./{name}.py", BROKEN)
    card = assess(adapter, directory=BROKEN / "golden" / name, seconds=0.2)
    return [problem for mark in card.marks for problem in mark.problems]


@pytest.mark.parametrize("name", DEFECTS)
def test_the_check_names_what_is_wrong(name):
    """Each defect is found, in words that say what to mend."""
    problems = problems_of(name)

    assert any(DEFECTS[name] in problem for problem in problems)


def test_the_check_catches_a_clock_by_any_name():
    """A clock that is read through an alias is found in the source and while it runs."""
    problems = problems_of("clock_alias")

    assert any(problem.startswith("clock_alias.py: line 14: uses .now") for problem in problems)
    assert any(problem.startswith("calls datetime.now") for problem in problems)


def test_the_check_outlives_whatever_a_file_is_and_does(tmp_path):
    """An adapter that ends the program is a problem as any other, and so is one by an editor of another encoding."""
    code = (BROKEN / "raises.py").read_text().replace("    known: dict", "    raise SystemExit(3)\n    known: dict")
    for start in (b"\xef\xbb\xbf", "# -*- coding: latin-1 -*- \u00e9\n".encode("latin-1")):
        (tmp_path / "raises.py").write_bytes(start + code.encode())
        card = assess(find_adapter("./raises.py", tmp_path), directory=BROKEN / "golden" / "raises", seconds=0.2)

        assert any("SystemExit: 3" in problem for mark in card.marks for problem in mark.problems)


def test_what_is_only_slow_is_told_to_do_less():
    """Not to decode by another function; where something else is wrong beside it, that comes first."""
    check, slow = "hostile bodies harm nobody", f"{SLOW} for 3 bodies, the first b'1'"

    assert remedy_of(check, (slow,)).startswith("do less for each member: a body may take 0.05 s")
    assert remedy_of(check, (slow, "KeyError: 'id' for b'2'")).startswith("decode with `decoder`")


def test_a_broken_adapter_keeps_no_place_on_the_scale():
    """Whoever breaks a promise is not even documented."""
    adapter = find_adapter("./raises.py", BROKEN)

    card = assess(adapter, directory=BROKEN / "golden" / "raises", is_thorough=False)

    assert not card.is_good
    assert card.scale is None
    assert "a check fails" in card.missing


def test_the_gateway_outlives_them(tmp_path):
    """Each event of a broken adapter is a dead letter with the adapter's own traceback; another source goes on."""
    for name in DEFECTS:
        shutil.copy(BROKEN / f"{name}.py", tmp_path)
    sources = {name: source("demo", adapter=f"./{name}.py") for name in DEFECTS}
    url = "http://127.0.0.1:9/nobody"
    with Gateway(tmp_path, {"demo": tenant(url)}, {**sources, "good": source("demo")}) as gateway:

        def dead() -> dict[str, dict[str, object]]:
            rows = gateway.http.get("/api/v1/events?status=dead", headers=TOKEN).json()["events"]
            return {row["source"]: row for row in rows}

        for name in DEFECTS:
            answer = gateway.http.post(f"/hooks/{name}", content=b'{"id": "A-1"}', headers=PROOF)
            assert answer.json() == {"accepted": True, "duplicate": False, "eventId": "A-1"}
        gateway.http.post("/hooks/good", json=told("e-1", "O-1", 1), headers=PROOF)
        found = eventually(dead, lambda rows: len(rows) == len(DEFECTS))
        pending = eventually(lambda: gateway.http.get("/api/v1/orders", headers=TOKEN).json()["orders"])
        details = {
            name: gateway.http.get(f"/api/v1/events/{row['id']}", headers=TOKEN).json() for name, row in found.items()
        }

    assert found.keys() == DEFECTS.keys()
    assert {row["reason"]["code"] for row in found.values()} == {"adapter_defect"}
    assert [order["externalOrderId"] for order in pending] == ["O-1"]
    assert all(json.loads(detail["body"]) == {"id": "A-1"} for detail in details.values())
    for name in ("raises", "endless", "unlisted_header"):
        assert f"{name}.py" in details[name]["traceback"]

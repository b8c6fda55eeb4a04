"""Restarts and reloads while hooks come in from senders who never try again: nobody outside notices."""

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

from gateway.config.model import Settings
from tests.managed import Managed
from tests.processes import Intakes, beside, eventually, source, tenant, told
from tests.steady import RATE, Senders
from tests.towns import write


def sources(*more: str) -> dict[str, Any]:
    return {"demo": source("demo"), "acme": source("demo", adapter="./acme.py"), **{n: source("demo") for n in more}}


def processor_seconds(gateway: Managed) -> float:
    """What its processes have used by now."""
    total = 0.0
    for pid in (
        gateway.pid,
        *(beside(gateway.pid, f"gateway.{each}.host") for each in ("translation", "store.process")),
    ):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def restart(gateway: Managed, compiled: Path) -> None:
    """As an upgrade does: the old one ends, the next one takes the socket over."""
    assert gateway.stop() in (0, 143)
    # An installed program has been compiled, whatever this test's own interpreter is told of that.
    gateway.begin(PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=str(compiled))
    assert eventually(gateway.is_ready) is True


def reload(gateway: Managed, number: int) -> dict[str, Any]:
    """A source more, one less, another code: each counts as soon as the answer is there."""
    write(gateway.folder, f"town {number + 1}")
    gateway.configure(sources=sources(f"new-{number}"))
    done = gateway.api("reload", {})
    assert gateway.post(told(f"n{number}", f"N{number}", 1), f"new-{number}").status_code == 200
    assert gateway.post(told("late", "L", 1), f"new-{number - 1}").status_code == 404
    gateway.post({"id": f"acme-{number}"}, "acme")
    made = gateway.becomes(f"acme-{number}", "delivered", within=60)
    assert made["order"]["deliveryAddress"] == f"town {number + 1}"
    return done


@pytest.mark.parametrize("turns", [2, pytest.param(10, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
def test_no_hook_is_refused(tmp_path, turns, record_property):
    """200 hooks a second through restarts and reloads in turn: each answered 200 at its first try, and delivered."""
    write(tmp_path, "town 0")
    starts, changes = [], []
    with Intakes() as intakes:
        intake = intakes.open()
        gateway = Managed(tmp_path, {"demo": tenant(intake.url)}, sources=sources())
        with gateway, contextlib.ExitStack() as stack:
            restart(gateway, tmp_path / "compiled")
            senders = stack.enter_context(Senders(gateway.port))
            for number in range(turns):
                count = len(senders.answered)
                eventually(lambda count=count: len(senders.answered) > count + RATE)
                restart(gateway, tmp_path / "compiled")
                starts.append(processor_seconds(gateway))
                changes.append(reload(gateway, number))
            stack.close()
            expected = {f"order-{name}" for name in senders.answered}
            delivered = eventually(lambda: set(intake.orders), lambda seen: seen >= expected, 60)
            record_property("hooks", len(senders.answered))
            record_property("slowest (s)", round(max(senders.answered.values()), 2))
            record_property("processor time of a start (s)", round(min(starts), 2))

            assert senders.failed == {}
            assert expected <= delivered
            assert changes[0] == {
                "changed": ["sources.acme.adapter", "sources.new-0"],
                # The tenant, the source that stayed, and every section.
                "unchanged": 2 + len(Settings.__struct_fields__) - 2,
                "needsRestart": [],
            }

"""What a hook costs the disk, held to what it is known to cost."""

from pathlib import Path

import msgspec

from gateway.workshop.bench import cost

COMMITTED = Path(__file__).parents[3] / "benchmarks" / "cost.json"


def test_a_hook_and_an_order_write_no_more_than_they_are_known_to():
    """Beyond 1.25 times the bytes it fails; processor time is told, since a busy machine adds to it."""
    found = cost.measure(cost.Plan(rounds=1, seconds=1.0, ids=("rising",)))
    committed = msgspec.json.decode(COMMITTED.read_bytes(), type=cost.Costs)

    assert [(each.what, each.ids) for each in found.costs] == [("hook", "rising"), ("order", "rising")]
    assert all(each.cpu > 0 and each.multiple > 0 for each in found.costs)
    assert {name for each in found.costs for name in each.processes} == {"gateway", "store", "translation"}
    assert cost.beyond(found, committed, bytes_only=True) == []


def test_what_costs_more_is_named():
    """More than 1.25 times the bytes, and more than 1.25 times the multiple of the bare server."""
    before = cost.Cost(what="hook", ids="rising", cpu=100.0, multiple=2.0, written=10_000)
    dearer = msgspec.structs.replace(before, multiple=2.6, written=12_600)
    committed, found = (cost.Costs(plan=cost.Plan(), bare=50.0, costs=[each]) for each in (before, dearer))

    assert len(cost.beyond(found, committed)) == 2
    assert len(cost.beyond(found, committed, bytes_only=True)) == 1
    assert cost.beyond(committed, committed) == []

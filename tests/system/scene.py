"""A night's worth of trouble: what every page has something to show of."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.intakes import Call, Reaction, accepted, refusing, status
from tests.processes import Gateway, Intakes, eventually, source, tenant, told
from tests.shadows import CHANGED

TOKENS = {"admin": "an-operators-token", "operate": "a-token-that-operates", "read": "a-token-that-reads"}
SECRET, ROTATED = "the-secret-of-the-north", "a-secret-that-was-rotated"
WAITING = 4
DIFFERING = (5, 7, 35)
"""Numbers of orders that the changed adapter makes otherwise."""


def _north(call: Call) -> Reaction:
    return accepted if call.headers["authorization"] == f"Bearer {ROTATED}" else status(401)


@contextmanager
def night(folder: Path, **more: object) -> Iterator[Gateway]:
    """Orders delivered, changed and refused, dead letters, a halted tenant, a silent source, an operation.

    `more` are further sources. "east" has one that is to take its place, of a changed adapter.
    """
    (folder / "next.py").write_text(CHANGED)
    with Intakes() as intakes:
        demo, north = intakes.open(lambda _call: refusing("SO-3", "SO-4")), intakes.open(_north)
        tenants = {
            "demo": tenant(demo.url, hold=["no_house_number"]),
            "north": tenant(north.url, secret=SECRET),
            "quiet": tenant("http://127.0.0.1:9/x"),
        }
        sources = {"lp": source("demo"), "lp-north": source("north"), "idle": source("quiet", expect_every="1s")}
        sources |= {
            "east": source("demo"),
            "east-next": source("demo", adapter="./next.py", mode="shadow", replaces="east"),
        }
        sources |= more
        made = Gateway(folder, tenants, sources)
        made.configure(api={"tokens": [{"name": role, "token": token, "role": role} for role, token in TOKENS.items()]})
        with made as running:
            _tell(running)
            yield running


def _tell(running: Gateway) -> None:
    for number in range(1, 7):
        running.post(told(f"e-{number}", f"SO-{number}", number), to="lp")
    running.post({"id": "e-7", "entityType": "Order", "topic": "ORDER", "data": {"primaryReference": "SO-7"}}, to="lp")
    running.post({"nothing": "known"}, to="lp")
    running.post(b"not json", to="lp")
    running.post(told("e-8", "SO-8", 8), to="nobody")
    assert set(running.drained()) <= {"delivered", "dead", "superseded"}
    running.post(told("e-9", "SO-1", 90, status="ODD", carrierNote="ring twice"), to="lp")
    assert eventually(lambda: running.order("SO-1")["status"], lambda now: now == "delivered")
    street = {"addressLine1": "Pier Road", "city": "Long Beach", "state": "CA", "postalCode": "90802", "country": "US"}
    running.post(told("e-10", "SO-held", 1, shipToAddress={"address": street}), to="lp")
    for number in range(WAITING):
        running.post(told(f"n-{number}", f"NO-{number}", number), to="lp-north")
    assert eventually(lambda: running.tenant("north")["status"], lambda now: now == "halted")
    for number in DIFFERING:
        running.post(told(f"east-{number}", f"EAST-{number}", 1), to="east")
        running.post(told(f"next-{number}", f"EAST-{number}", 1), to="east-next")
    compared = eventually(
        lambda: running.api("sources/east-next/shadow")["differ"], lambda seen: seen == len(DIFFERING)
    )
    assert compared == len(DIFFERING)
    made = running.api("operations", {"kind": "replay", "of": "events", "ids": ["1", "2"], "reason": "asked by phone"})
    done = eventually(
        lambda: running.api(f"operations/{made['operation']['id']}")["operation"]["status"], lambda now: now == "done"
    )
    assert done == "done"

"""A console with a night's worth of trouble in it, and people who look at it in a real Chromium."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.intakes import refusing
from tests.processes import Gateway, Intakes, eventually, source, tenant, told
from tests.system.people import Person

TOKENS = {"admin": "an-operators-token", "operate": "a-token-that-operates", "read": "a-token-that-reads"}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's own; a sandbox needs rights that root in a container has not."""
    program = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    assert program is not None, "no Chromium: `make test-system` brings it, or says what is missing"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory) -> Iterator[Gateway]:
    """Orders delivered and changed, refused ones, dead letters of three reasons, a tenant that is halted."""
    with Intakes() as intakes:
        intake = intakes.open(lambda _call: refusing("SO-3", "SO-4"))
        made = Gateway(
            tmp_path_factory.mktemp("console"),
            {"demo": tenant(intake.url), "quiet": tenant("http://127.0.0.1:9/x")},
            {"lp": source("demo"), "idle": source("quiet")},
        )
        made.configure(api={"tokens": [{"name": role, "token": token, "role": role} for role, token in TOKENS.items()]})
        with made as running:
            for number in range(1, 7):
                running.post(told(f"e-{number}", f"SO-{number}", number), to="lp")
            running.post(
                {"id": "e-7", "entityType": "Order", "topic": "ORDER", "data": {"primaryReference": "SO-7"}}, to="lp"
            )
            running.post({"nothing": "known"}, to="lp")
            running.post(b"not json", to="lp")
            running.post(told("e-8", "SO-8", 8), to="nobody")
            assert set(running.drained()) <= {"delivered", "dead", "superseded"}
            running.post(told("e-9", "SO-1", 90, status="ODD"), to="lp")
            assert eventually(lambda: running.order("SO-1")["status"], lambda status: status == "delivered")
            yield running


@pytest.fixture
def person(chromium, gateway) -> Iterator[object]:
    """Makes people: `person()` is signed in as an administrator, with JavaScript, in a light room."""
    people: list[Person] = []

    def enter(role: str = "admin", **settings: object) -> Person:
        made = Person(chromium, gateway.url, **settings)
        people.append(made)
        made.sign_in(TOKENS[role])
        return made

    yield enter
    for each in people:
        each.leave()
    # The policy was never in the way, and no script broke.
    assert [fault for each in people for fault in each.faults] == []

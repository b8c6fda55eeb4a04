"""A console with a night's worth of trouble in it, and people who look at it in a real Chromium."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.processes import Gateway
from tests.system.people import Person
from tests.system.scene import TOKENS, night


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
    """Much of what can be wrong, and some of what is right."""
    with night(tmp_path_factory.mktemp("console")) as running:
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

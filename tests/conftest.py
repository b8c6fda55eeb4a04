"""What a test measured stands in the summary, whether it passed or not."""

import importlib.util

import pytest

from gateway.ground import collector
from tests.stores import POSTGRESQL, SQLITE, choose


def pytest_addoption(parser: pytest.Parser) -> None:
    """On which engine those tests run that do not care."""
    parser.addoption("--store", choices=(SQLITE, POSTGRESQL), default=SQLITE, help="of tests that need some store")


def pytest_configure(config: pytest.Config) -> None:
    """Before any test is read."""
    # Reading thousands of tests takes half as long again where every few hundred objects set off a walk over all.
    collector.slow_down()
    choose(config.getoption("--store"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is of a file has nothing to say of a database."""
    if config.getoption("--store") == POSTGRESQL:
        of_files = [item for item in items if item.get_closest_marker("file")]
        config.hook.pytest_deselected(items=of_files)
        items[:] = [item for item in items if item not in of_files]


def pytest_collection_finish() -> None:
    """The tests themselves live as long as the process."""
    collector.rest()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each `record_property`."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, figure in report.user_properties if getattr(report, "when", "") == "call" else ():
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {name}: {figure}")


# What drives a browser is installed by `make test-system` alone.
collect_ignore = [] if importlib.util.find_spec("playwright") else ["system"]

"""What a test measured stands in the summary, whether it passed or not."""

import importlib.util

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each `record_property`."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, figure in report.user_properties if getattr(report, "when", "") == "call" else ():
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {name}: {figure}")


# What drives a browser is installed by `make test-system` alone.
collect_ignore = [] if importlib.util.find_spec("playwright") else ["system"]

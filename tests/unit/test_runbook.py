"""The runbook has a section for whatever may wake somebody, and says only what there is."""

import re
from pathlib import Path

import pytest
import typer
import yaml

from gateway.api.remedies import REFUSALS, REMEDIES
from gateway.cli.tree import app

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "docs/alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
SECTIONS = {
    title: text.strip() for title, text in re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", RUNBOOK, re.DOTALL | re.MULTILINE)
}
COMMANDS = sorted({" ".join(text.split()) for text in re.findall(r"`gateway ([^`]+)`", RUNBOOK)})


def test_each_alert_and_each_reason_has_its_section():
    """None is missing, none is left over, none is empty."""
    assert SECTIONS.keys() == {rule["alert"] for rule in ALERTS} | REMEDIES.keys() | REFUSALS.keys()
    assert all(SECTIONS.values())


def test_each_alert_leads_to_its_section():
    """Whoever is paged has the place to read."""
    for rule in ALERTS:
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"


def test_each_reason_says_what_the_table_says():
    """The remedy of the API, the terminal and the console, word for word."""
    for code, words in [*((code, remedy.words) for code, remedy in REMEDIES.items()), *REFUSALS.items()]:
        assert words.lower() in " ".join(SECTIONS[code].split()).lower()


def test_its_links_lead_somewhere():
    """Within the page and beside it."""
    places = {title.lower() for title in SECTIONS}
    for target in re.findall(r"\]\(([^)]+)\)", RUNBOOK):
        file, _, place = target.partition("#")
        assert place in places if not file else (ROOT / "docs" / file).is_file()


@pytest.mark.parametrize("words", COMMANDS)
def test_its_commands_exist(words):
    """Each command that it names, with each of its options."""
    command = typer.main.get_command(app)
    told = words.split()
    while (children := getattr(command, "commands", None)) is not None:
        command = children[told.pop(0)]
    known = {name for parameter in command.params for name in parameter.opts}

    assert {word for word in told if word.startswith("--")} <= known

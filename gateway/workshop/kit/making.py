"""`gateway adapter new`: an adapter's module, its golden cases and its page, written where they belong."""

import keyword
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

import adapters
from adapters import Adapter, Hook
from adapters.contract import CONTRACT
from adapters.reading import BOM
from gateway.drift.shapes import ITEM, Shapes, shapes_in, written
from gateway.golden.cases import Case, UnansweredError, outcome_of, read_options, save_case
from gateway.workshop.kit.drafting import Draft, draft, render
from gateway.workshop.kit.identifying import TopicPlace
from gateway.workshop.kit.measuring import Amount
from gateway.workshop.kit.samples import Node, Sample, Steps

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


class Place(msgspec.Struct, frozen=True):
    """Where an adapter's files go, and how the configuration names it."""

    module: Path
    cases: Path
    page: Path
    reference: str
    project: Path | None = None


def fault_of_name(name: str) -> str | None:
    """What is wrong with an adapter's name, or None."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        return "expected a name such as acme or acme_wms: small letters, digits, underscores"
    taken = [place for place in (f"{name}.py", name) if (Path(adapters.__path__[0]) / place).exists()]
    return f"there is adapters/{taken[0]} already" if taken else None


def place_for(name: str, directory: Path, *, is_package: bool) -> Place:
    """In a checkout of the gateway the tree, as a package a project of its own, elsewhere beside the configuration."""
    checkout = Path(adapters.__path__[0]).resolve().parent
    if is_package:
        project = directory / f"trackely-gateway-{name.replace('_', '-')}"
        package = project / f"trackely_gateway_{name}"
        return Place(package / "__init__.py", package / "golden" / name, package / f"{name}.md", name, project)
    if directory.resolve() == checkout and (checkout / "tests" / "golden").is_dir():
        folder = checkout / "adapters"
        page = checkout / "docs" / "vendors" / f"{name}.md"
        return Place(folder / f"{name}.py", checkout / "tests" / "golden" / name, page, name)
    return Place(directory / f"{name}.py", directory / "golden" / name, directory / f"{name}.md", f"./{name}.py")


def make(name: str, samples: Sequence[Sample], answers: Mapping[str, bytes], place: Place) -> tuple[Draft, list[Path]]:
    """Write the files; what was drafted, and which files there are now.

    Raises:
        FileExistsError: one of them is there already; then none is written.
    """
    for path in (place.module, place.cases, place.page, *([place.project] if place.project else [])):
        if path.exists():
            raise FileExistsError(f"{path} is there already")
    drafted = draft(
        name, samples, {path: msgspec.json.decode(body.removeprefix(BOM)) for path, body in answers.items()}
    )
    space: dict[str, Any] = {"__name__": f"trackely_drafted_{drafted.name}"}
    exec(compile(drafted.source, f"{drafted.name}.py", "exec"), space)  # noqa: S102 - our own draft, nobody's code is in it
    adapter: Adapter = space["ADAPTER"]
    files = {place.module: drafted.source, place.page: _page(drafted, shapes_in(space), samples, place)}
    if place.project is not None:
        files |= _project(place.project, name, len(samples))
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return drafted, [*files, *_write_cases(drafted, adapter, samples, answers, place.cases)]
    except OSError:
        # A half of them would be in the next try's way.
        for path in files:
            path.unlink(missing_ok=True)
        shutil.rmtree(place.cases, ignore_errors=True)
        raise


def _project(project: Path, name: str, samples: int) -> dict[Path, str]:
    """What a package needs besides the adapter: how it is built, tested, checked and told of."""
    made = {
        project / "pyproject.toml": "pyproject.toml.j2",
        project / "CHANGELOG.md": "changelog.md.j2",
        project / "tests" / "test_adapter.py": "test_adapter.py.j2",
        project / ".github" / "workflows" / "check.yml": "check.yml.j2",
    }
    try:
        gateway = metadata.version("trackely-gateway")
    except metadata.PackageNotFoundError:
        # A checkout that is not installed has no version of its own to ask for.
        gateway = "0"
    told = {"name": name, "title": _title(name), "contract": CONTRACT, "gateway": gateway}
    return {
        path: render(template, **told, samples=f"{samples} sample{'s' if samples > 1 else ''}")
        for path, template in made.items()
    }


def _title(name: str) -> str:
    return name.replace("_", " ").title()


def _write_cases(
    drafted: Draft, adapter: Adapter, samples: Sequence[Sample], answers: Mapping[str, bytes], folder: Path
) -> Iterator[Path]:
    """A golden case for each sample, and one of a body that holds nothing; expected is what comes out now."""
    empty = Sample("empty_object", Hook(b"{}"), {}, is_made_up=True)
    taken: set[str] = set()
    for sample in [*samples, empty]:
        name = sample.name
        while name in taken:
            name += "_again"
        taken.add(name)
        headers = {key: value for key, value in sample.hook.headers.items() if not _CREDENTIAL.fullmatch(key)}
        case = Case(
            name=name,
            hook=Hook(sample.hook.body, headers, _parameters(sample.hook), sample.hook.path),
            options=drafted.example_options,
            answers=dict(answers) if sample is not empty else {},
            expected={},
            origin="captured" if sample.is_captured else "" if sample.is_made_up else "sample",
        )
        options = read_options(adapter, case.options)
        try:
            expected = outcome_of(adapter, options, case.hook, case.answers)
        except UnansweredError:
            # Without the vendor's answer there is no outcome to hold the adapter to.
            continue
        save_case(folder / name, msgspec.structs.replace(case, expected=expected))
        yield folder / name


_CREDENTIAL = re.compile(r"(proxy-)?authorization|(set-)?cookie|.*(token|secret|password|api-?key)")
"""Headers and parameters that prove a sender to whoever reads them; a signature proves one body alone, and is kept."""


def _parameters(hook: Hook) -> dict[str, str]:
    return {key: value for key, value in hook.parameters.items() if not _CREDENTIAL.fullmatch(key.lower())}


def _page(drafted: Draft, shapes: Shapes, samples: Sequence[Sample], place: Place) -> str:
    captured = sum(sample.is_captured for sample in samples)
    kinds = f"{len(samples)} sample{'s' if len(samples) > 1 else ''}, {captured} of them captured"
    if any(sample.is_made_up for sample in samples):
        kinds += ", some made up from a schema"
    return render(
        "page.md.j2",
        title=_title(drafted.name),
        name=drafted.name,
        samples=kinds,
        reference=place.reference,
        options=drafted.options,
        hash_window=NOTICES_WINDOW if _is_known_by_its_bytes(drafted) else None,
        mapping=list(_mapping(drafted)),
        event=list(_event(drafted)),
        members=list(_members(drafted, shapes)),
        judged="id, cancellation, address"
        if drafted.proposal.cancelled_at or drafted.proposal.status
        else "id, address",
        debts=[*drafted.guesses, *DEBTS],
    )


def _is_known_by_its_bytes(drafted: Draft) -> bool:
    """Whether a notice has no ID of its own: the next change of its order would be taken for a repeat."""
    found = drafted.proposal
    return found.is_notice and found.event_id.steps is None and found.event_id.header is None


NOTICES_WINDOW = "1s"

DEBTS = (
    "authentication: what the vendor proves itself with",
    "which topics come, and which of them are no orders",
    "how the vendor says that an order was cancelled",
)
"""What no sample shows."""


def _mapping(drafted: Draft) -> Iterator[dict[str, str]]:
    found = drafted.proposal
    to = found.receiver
    address = (*to.lines, to.city, to.post_code, to.state, to.country)
    amount = "by the unit that the vendor names, else a guess"
    rows: list[tuple[str, Sequence[Steps | None], str]] = [
        ("externalOrderId", (found.reference,), "as it is"),
        ("deliveryAddress", address, "on one line in the country's order"),
        ("customerName", (*to.names, *to.full_name), "the first that is there"),
        ("customerContact", to.contacts, "the first that is there"),
        ("totalWeight", _steps_of(found.weight), amount),
        ("volume", _steps_of(found.volume), amount),
        ("palletCount", (found.pallets,), "as it is"),
        ("plannedDate", (found.planned,), "the day"),
    ]
    for target, steps, how in rows:
        members = [_spelled(each) for each in steps if each]
        if members:
            yield {"target": target, "members": ", ".join(members), "how": how}


def _steps_of(amount: Amount | None) -> tuple[Steps, ...]:
    return () if amount is None else tuple(steps for steps in (amount.steps, amount.unit_steps, amount.count) if steps)


def _event(drafted: Draft) -> Iterator[dict[str, str]]:
    found = drafted.proposal
    event_id = f"header `{found.event_id.header}`" if found.event_id.header else _spelled(found.event_id.steps)
    place = found.topic or TopicPlace()
    topic = f"header `{place.header}`" if place.header else "the path" if place.is_path else _spelled(place.steps)
    yield {"target": "event ID", "members": event_id or "a hash of the body"}
    yield {"target": "topic", "members": topic or "none"}
    yield {"target": "time of change", "members": _spelled(found.clock.steps) or "the time of receipt"}
    yield {"target": "cancellation", "members": _spelled(found.cancelled_at or found.status) or "none is known"}
    yield {"target": "owner", "members": "the source"}
    yield {"target": "references", "members": ", ".join(_spelled(steps) for steps in found.references) or "none"}


def _spelled(steps: Steps | None) -> str:
    return f"`{'.'.join(step for step in steps if step != ITEM)}`" if steps else ""


def _members(drafted: Draft, shapes: Shapes) -> Iterator[dict[str, str]]:
    """A row for every member of the samples and answers."""
    trees: list[tuple[str, Node]] = [("", drafted.body)]
    if drafted.answer is not None:
        trees.append(("answer ", drafted.answer))
    for prefix, root in trees:
        for steps, node in root.walk():
            if not steps or steps[-1] == ITEM:
                continue
            above = root.at(steps[:-1])
            met = "always" if node.met == above.objects else f"{node.met} of {above.objects}"
            yield {
                "path": f"{prefix}{written(steps)}",
                "words": node.words,
                "met": met,
                "read": "yes" if shapes.knows(steps) else "",
            }

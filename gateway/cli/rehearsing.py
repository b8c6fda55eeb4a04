"""`gateway rehearse`: a change before it meets real orders. `gateway drift`: what vendors changed by themselves."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from gateway.cli.failure import FAILED, Failure
from gateway.cli.kit import directory_of
from gateway.cli.moments import moment, when
from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, SinceOption, UntilOption, Url
from gateway.cli.reaching import operators_api
from gateway.cli.show import many, show_bytes, show_line, show_table, shown

if TYPE_CHECKING:
    from gateway.config.model import Config, ConfiguredSource
    from gateway.workshop.kit.rehearsal import Difference, Summary

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="The source's name.")]


def rehearse(  # noqa: PLR0913 - what may be changed, and over which span
    *,
    source: Source,
    adapter: Annotated[
        str | None, typer.Option("--adapter", metavar="ADAPTER", help="Another adapter than the configured one.")
    ] = None,
    options: Annotated[
        Path | None, typer.Option("--options", metavar="FILE", readable=False, help="Other options, as YAML or JSON.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    most: Annotated[int, typer.Option("--limit", min=0, help="How many differences to show.")] = 100,
    config: ConfigFile = DEFAULT_CONFIG,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Run a changed adapter, or changed options, over a source's stored history, and show what would be different."""
    from gateway.cli.history import history  # noqa: PLC0415 - the rooms that it needs are slow to load
    from gateway.cli.settings import configuration  # noqa: PLC0415 - as above
    from gateway.workshop.kit.rehearsal import Rehearsal  # noqa: PLC0415 - as above

    loaded = configuration(config)
    source = loaded.former_names.get(source, source)
    tried = _tried(loaded, source, adapter, options, config)
    client = operators_api(config, url)
    span = {"since": moment(since, "--since"), "until": moment(until, "--until")}
    found: list[Difference] = []
    with Rehearsal(tried, loaded.settings.tenants) as rehearsal:
        for event in history(client, source, span):
            found += rehearsal.compare(event)
    summary = rehearsal.summary
    if as_json:
        show_bytes(msgspec.json.encode({"source": source, "summary": summary, "differences": found}))
    else:
        _show(source, summary, found, most)
    if not summary.is_the_same:
        raise typer.Exit(FAILED)


def drift(
    *,
    source: Source,
    config: ConfigFile = DEFAULT_CONFIG,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what a source sends that its adapter does not know, or that has changed: members, types, codes."""
    answer = operators_api(config, url).get("sources", source, "drift")
    if as_json:
        show_bytes(answer.content)
        return
    show_table(
        ("kind", "member", "value", "before", "events", "first at", "last at", "for example", "in event"),
        (
            (
                row["kind"].replace("_", " "),
                row["path"],
                row["value"],
                row["was"],
                row["count"],
                when(row["firstAt"]),
                when(row["lastAt"]),
                row["example"],
                row["eventId"],
            )
            for row in answer.value["drift"]
        ),
        nothing="nothing has drifted",
    )


def _tried(
    loaded: "Config", source: str, adapter: str | None, options: Path | None, config: Path
) -> "ConfiguredSource":
    """The source with the adapter and the options that are to be tried."""
    from gateway.config.load import load_options, options_of_source  # noqa: PLC0415 - only this command needs them
    from gateway.registry import find_adapter  # noqa: PLC0415 - as above

    configured = loaded.sources.get(source)
    if configured is None:
        raise Failure(f"no such source: {source}; there are {', '.join(loaded.sources)}")
    if adapter is None and options is None:
        return configured
    found = configured.adapter
    if adapter is not None:
        try:
            found = find_adapter(adapter, directory_of(adapter, config))
        except LookupError as error:
            raise Failure(str(error.args[0])) from None
    if options is not None:
        typed = load_options(found, options)
    else:
        typed = options_of_source(found, source, config, os.environ)
    return msgspec.structs.replace(configured, adapter=found, options=typed)


def _show(source: str, summary: "Summary", found: list["Difference"], most: int) -> None:
    for each in found[:most]:
        if each.external_order_id is not None:
            words = {"new": " would be new", "gone": " would be gone"}.get(each.kind, "")
            order, event = shown(each.external_order_id), shown(each.event_id)
            show_line(f"{each.tenant}/{order}{words}  (event {each.event}, {event})")
            for change in each.changes:
                _show_change(change.member, change.before, change.after)
        else:
            show_line(f"event {each.event}, {shown(each.event_id)}: {each.kind.replace('_', ' ')}")
            _show_change("", each.before, each.after)
    if len(found) > most:
        show_line(f"… and {many(len(found) - most, 'more difference')}: --limit, or --json for all")
    show_line(
        f"{source}: {many(summary.events, 'event')} rehearsed; "
        f"orders that would change: {summary.orders_changed}, be new: {summary.orders_new}, "
        f"be gone: {summary.orders_gone}; "
        f"events that would newly fail: {summary.events_newly_failing}, newly pass: {summary.events_newly_passing}, "
        f"differ otherwise: {summary.events_otherwise_different}"
    )
    if summary.not_yet_translated or summary.without_answers:
        show_line(
            f"left out: {summary.not_yet_translated} not yet translated, "
            f"{summary.without_answers} whose lookup was never answered"
        )


def _show_change(member: str, before: Any, after: Any) -> None:
    label = f"{member}: " if member else ""
    if before is not None:
        show_line(f"  - {label}{shown(before)}")
    if after is not None:
        show_line(f"  + {label}{shown(after)}")

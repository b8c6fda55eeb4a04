"""`gateway events export`: golden cases from life, with the people taken out."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from gateway.cli.failure import FAILED, Failure, of_file
from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, Url
from gateway.cli.reaching import operators_api
from gateway.cli.show import note, show_bytes, show_line
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from gateway.config.model import Config
    from gateway.golden.cases import Case


def export(
    *,
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="The events' ids, as the list shows them.")],
    golden: Annotated[Path, typer.Option("--golden", metavar="DIR", help="Where the cases go, a directory each.")],
    config: ConfigFile = DEFAULT_CONFIG,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Write stored events as golden cases: names, phones, mails and street lines replaced by stable stand-ins."""
    from gateway.cli.settings import configuration  # noqa: PLC0415 - the rooms that it needs are slow to load
    from gateway.golden.cases import save_case  # noqa: PLC0415 - as above

    loaded = configuration(config)
    client = operators_api(config, url)
    written, failed = [], []
    for event in ids:
        try:
            case = _case(loaded, client.get("events", event).value)
            place = golden / case.name
            save_case(place, case)
        except FileExistsError:
            failed.append(f"{place} is there already")
        except OSError as error:
            raise of_file(error) from None
        except GatewayError as error:
            # The others are wanted all the same.
            failed.append(str(error))
        else:
            written.append(str(place))
            if not as_json:
                show_line(f"wrote {place}")
    if as_json:
        show_bytes(msgspec.json.encode({"cases": written}))
    for words in failed:
        note(f"gateway: {words}")
    if failed:
        raise typer.Exit(FAILED)


def _case(loaded: "Config", event: dict[str, Any]) -> "Case":
    """An event as a golden case of its source's adapter and options."""
    from adapters import Hook  # noqa: PLC0415 - as above
    from gateway.golden.cases import Case, UnansweredError, outcome_of, read_options  # noqa: PLC0415 - as above
    from gateway.workshop.kit.scrubbing import Scrubber  # noqa: PLC0415 - as above

    source = loaded.sources.get(event["source"])
    if source is None:
        raise Failure(f"event {event['id']} is of source {event['source']}, which is not configured")
    if event["body"] is None:
        raise Failure(f"the body of event {event['id']} was pruned or erased")
    answers = {path: body.encode() for path, body in (event["answers"] or {}).items() if body is not None}
    scrubber = Scrubber()
    for part in (body := event["body"].encode(), *answers.values()):
        scrubber.learn(part)
    options = _plain(source.options)
    case = Case(
        name=_name(event),
        hook=Hook(
            body=scrubber.scrub(body),
            headers={name: scrubber.text(value) for name, value in event["headers"].items()},
            parameters={name: scrubber.text(value) for name, value in event["parameters"].items()},
            path=scrubber.text(event["path"]),
        ),
        options=msgspec.json.decode(scrubber.scrub(msgspec.json.encode(options))),
        answers={path: scrubber.scrub(answer) for path, answer in answers.items()},
        expected={},
        origin="captured",
    )
    try:
        expected = outcome_of(source.adapter, read_options(source.adapter, case.options), case.hook, case.answers)
    except UnansweredError as error:
        raise Failure(f"event {event['id']} was never told the answer to {error}") from None
    except Exception as error:  # noqa: BLE001 - an adapter is somebody else's code
        raise Failure(f"the adapter fails on event {event['id']}: {type(error).__name__}: {error}") from None
    return msgspec.structs.replace(case, expected=expected)


def _plain(options: Any) -> dict[str, Any]:
    """Options as plain values: those that are not the defaults, no secret as it is."""
    from adapters import Secret  # noqa: PLC0415 - as above

    def plain(value: Any) -> Any:
        if isinstance(value, Secret):
            return "not-a-secret"
        if isinstance(value, msgspec.Struct):
            fields = msgspec.structs.fields(value)
            members = {field.encode_name: (getattr(value, field.name), _default(field)) for field in fields}
            return {name: plain(member) for name, (member, default) in members.items() if member != default}
        if isinstance(value, dict):
            return {str(key): plain(member) for key, member in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [plain(member) for member in value]
        return value

    found: dict[str, Any] = plain(options)
    return found


def _default(field: Any) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return field.default_factory() if field.default_factory is not msgspec.NODEFAULT else msgspec.NODEFAULT


def _name(event: dict[str, Any]) -> str:
    topic = re.sub(r"[^a-z0-9]+", "_", (event["topic"] or "event").lower()).strip("_") or "event"
    return f"captured_{topic[:40]}_{event['id']}"

"""A filter as options say it, in the API's words."""

from gateway.cli.moments import moment

NAMES = {"event_id": "eventId", "order": "externalOrderId"}


def which(*, since: str | None, until: str | None, **given: str | None) -> dict[str, str | None]:
    """The API's filter: names in its spelling, moments as it reads them."""
    named = {NAMES.get(name, name): value for name, value in given.items()}
    return {**named, "since": moment(since, "--since"), "until": moment(until, "--until")}

"""What a question means that still calls a source by a former name of it: the store has all under the present one."""

from collections.abc import Mapping
from typing import Final

import msgspec

from gateway.api.call import Ask, Call
from gateway.api.requests.reading import Asked
from gateway.config.model import Config

_OF_A_SOURCE: Final = "sources/{name}"


def understood(call: Call, ask: Ask, config: Config) -> Ask:
    """The question with the present names, wherever it names a source."""
    former = config.former_names
    if not former:
        return ask
    path = ask.path
    if call.path.startswith(_OF_A_SOURCE):
        path = {**path, "name": former.get(path["name"], path["name"])}
    return msgspec.structs.replace(ask, path=path, query=_renamed(ask.query, former), body=_renamed(ask.body, former))


def _renamed(asked: Asked | None, former: Mapping[str, str]) -> Asked | None:
    changed: dict[str, object] = {}
    if (name := former.get(getattr(asked, "source", ""))) is not None:
        changed["source"] = name
    if isinstance(within := getattr(asked, "filter", None), Asked):
        changed["filter"] = _renamed(within, former)
    return msgspec.structs.replace(asked, **changed) if asked is not None and changed else asked

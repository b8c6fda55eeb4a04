"""The calls of the API as functions in this process, for the console: the same roles, the same words."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gateway.api.access import Operator
from gateway.api.app import CALLS
from gateway.api.call import Ask
from gateway.api.doors import Doors
from gateway.api.requests import BadRequest, read_query
from gateway.errors import ConflictingRequest, UnknownRecord

_BY_NAME = {call.name: call for call in CALLS}


class Inside:
    """Asks calls by their names."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def __call__(
        self,
        name: str,
        operator: Operator,
        path: Mapping[str, str] | None = None,
        query: Sequence[tuple[str, str]] = (),
    ) -> Any:
        """A call's answer, as JSON says it.

        Raises:
            UnknownRecord: there is no such thing.
            ConflictingRequest: the operator's role is too small, or the question cannot be meant.
            StoreUnavailable: the store cannot be reached.
        """
        call = _BY_NAME[name]
        if operator.role < call.role:
            raise UnknownRecord(f"this page needs the role {call.role.name.lower()}")
        try:
            asked = read_query(query, call.query)
        except BadRequest as error:
            raise ConflictingRequest(str(error)) from None
        answer = await call.does(self._doors, Ask(operator, dict(path or {}), asked, None))
        return msgspec.json.decode(msgspec.json.encode(answer))

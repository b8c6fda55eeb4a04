"""The calls of the API as functions in this process, for the console: the same roles, the same words."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final

import msgspec

from gateway.api.access import Operator
from gateway.api.app import CALLS
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.naming import understood
from gateway.api.requests.reading import BadRequest, read_body, read_query
from gateway.api.tables import as_csv

_BY_NAME: Final = {call.name: call for call in CALLS}
_NO_PATH: Final[Mapping[str, str]] = {}


class Inside:
    """Asks calls by their names."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def __call__(
        self,
        name: str,
        operator: Operator,
        path: Mapping[str, str] = _NO_PATH,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,
    ) -> Any:
        """A call's answer, as JSON says it.

        Raises:
            RoleTooSmall: the operator may not ask for this.
            UnknownRecord: there is no such thing.
            ConflictingRequest: it cannot be done now.
            StoreUnavailable: the store cannot be reached.
            ValueError: the question cannot be meant.
        """
        call, ask = self._asked(name, operator, path, query, body)
        try:
            answer = await call.does(self._doors, ask)
        except BadRequest as error:
            raise ValueError(str(error)) from None
        return msgspec.json.decode(msgspec.json.encode(answer))

    def table(
        self, name: str, operator: Operator, query: Sequence[tuple[str, str]], *, is_head: bool
    ) -> AsyncGenerator[bytes, None]:
        """A list as CSV, all that the question holds. Raises as a call does."""
        call, ask = self._asked(name, operator, _NO_PATH, query, None)
        return as_csv(call, self._doors, msgspec.structs.replace(ask, is_head=is_head))

    def _asked(
        self, name: str, operator: Operator, path: Mapping[str, str], query: Sequence[tuple[str, str]], body: Any
    ) -> tuple[Call, Ask]:
        call = _BY_NAME[name]
        call.admit(operator)
        try:
            asked = read_query(query, call.query)
            told = None if body is None or call.body is None else read_body(msgspec.json.encode(body), call.body)
        except BadRequest as error:
            raise ValueError(str(error)) from None
        return call, understood(call, Ask(operator, dict(path), asked, told), self._doors.config)

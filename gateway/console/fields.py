"""What a form says, read up to a bound."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

MOST_FORM: Final = 256 * 1024


class Fields(msgspec.Struct, frozen=True):
    """The fields of a form, or the parameters of the page that shows it."""

    pairs: Sequence[tuple[str, str]]

    def one(self, name: str) -> str:
        """A field's text, empty where it is missing."""
        return next((text.strip() for each, text in self.pairs if each == name), "")

    def all(self, name: str) -> list[str]:
        """A field's texts, each once."""
        return list(dict.fromkeys(text for each, text in self.pairs if each == name and text))

    def without(self, *names: str) -> list[tuple[str, str]]:
        """All other fields."""
        return [(name, text) for name, text in self.pairs if name not in names]

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "Fields":
        """These."""
        return cls(list(values.items()))


async def form_of(request: Request, most: int = MOST_FORM) -> Fields:
    """The form's fields. Raises ValueError for one that is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise ValueError(f"the form is larger than {most} bytes")
    return Fields(parse_qsl(bytes(body).decode("utf-8", "replace"), keep_blank_values=True))

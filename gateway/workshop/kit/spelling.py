"""A vendor's names as Python's: attributes, classes, and what to say where msgspec's own renaming does not fit."""

import keyword
import re
from collections.abc import Sequence

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
TAKEN = frozenset(
    {
        *(
            "Adapter",
            "Answers",
            "Api",
            "Cancellation",
            "Credentials",
            "Hook",
            "Identity",
            "Ignored",
            "IncompletePayload",
        ),
        *("Lookup", "Lookups", "MalformedPayload", "OptionsModel", "Options", "Order", "Reply", "Secret", "State"),
        *("Translation", "VendorModel", "Envelope", "Any"),
    }
)
"""Names that an adapter's module has already."""


def attribute(key: str) -> str:
    """A key as an attribute: `shipTo` is `ship_to`."""
    words = "_".join(word.lower() for word in _WORD.findall(key)) or "member"
    words = re.sub(r"_([0-9])", r"\1", words)
    name = f"n{words}" if words[0].isdigit() else words
    return f"{name}_" if keyword.iskeyword(name) else name


def class_name(key: str, vendor: str, used: Sequence[str] = ()) -> str:
    """A key as a class: `shipTo` is `ShipTo`, `orders` one `Order` of the vendor's."""
    words = [word.capitalize() for word in _WORD.findall(key)] or ["Member"]
    name = "".join(words)
    if name.endswith("s") and not name.endswith(("ss", "us")) and len(name) > 3:  # noqa: PLR2004 - of three letters none
        name = name[:-1].removesuffix("e") if name.endswith(("sses", "xes")) else name[:-1]
    if name in TAKEN or name[0].isdigit():
        name = vendor + name
    while name in used:
        name += "Part"
    return name


def camel(name: str) -> str:
    """An attribute as msgspec's `rename="camel"` writes it."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def is_snake(keys: Sequence[str]) -> bool:
    """Whether a vendor writes its names in snake case."""
    return any("_" in key for key in keys) and all(attribute(key) == key for key in keys)

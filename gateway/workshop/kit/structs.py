"""Structs of the members that an adapter reads, in the vendor's spelling, as Python source."""

import textwrap
from collections.abc import Iterable, Mapping

import msgspec

from gateway.drift.shapes import ITEM
from gateway.workshop.kit.samples import Node, Steps
from gateway.workshop.kit.spelling import attribute, camel, class_name, is_snake

WIDTH = 116


class Struct(msgspec.Struct, frozen=True):
    """A struct as source: its name, and its lines."""

    name: str
    text: str
    is_optional: bool


class Structs:
    """The structs below one root.

    Args:
        root: what the samples show.
        vendor: the vendor's name as a class begins with it.
        kinds: the members that are read, and the annotation of each: `str`, or an amount's.
        required: the objects and members without which there is no order.
        names: the names of classes that stand already.
    """

    def __init__(
        self, root: Node, vendor: str, kinds: Mapping[Steps, str], required: Iterable[Steps], names: dict[Steps, str]
    ) -> None:
        self._root = root
        self._vendor = vendor
        self._kinds = kinds
        self._required = set(required)
        self.names = names
        self.made: list[Struct] = []
        self._inside = {steps[:length] for steps in kinds for length in range(len(steps))}

    def write(self, steps: Steps = ()) -> None:
        """Make the struct of an object and, before it, those below."""
        node = self._root.at(steps)
        if steps and steps[-1] == ITEM and "object" not in node.kinds:
            return
        read = [key for key in node.members if self._is_read((*steps, key))]
        # A field without a default cannot follow one with.
        fields = sorted((self._field((*steps, key), key, is_snake(read)) for key in read), key=lambda field: field[0])
        name = self._name(steps)
        bases = "VendorModel, frozen=True" + (", rename=None" if is_snake(read) else "")
        text = f'class {name}({bases}):\n    """{_described(steps)}"""\n\n'
        text += "".join(f"    {line}\n" for _, line in fields)
        unread = [f"{key} ({node.members[key].words})" for key in node.members if key not in read]
        if unread:
            words = f"Unread: {', '.join(unread)}."
            text += "".join(f"    # {line}\n" for line in textwrap.wrap(words, WIDTH - 6, break_on_hyphens=False))
        self.made.append(Struct(name, text, is_optional=steps not in self._required))

    def _is_read(self, steps: Steps) -> bool:
        return steps in self._kinds or steps in self._inside

    def _name(self, steps: Steps) -> str:
        if steps not in self.names:
            key = next((step for step in reversed(steps) if step != ITEM), "event")
            self.names[steps] = class_name(key, self._vendor, list(self.names.values()))
        return self.names[steps]

    def _field(self, steps: Steps, key: str, is_as_written: bool) -> tuple[bool, str]:  # noqa: FBT001 - see the name
        """Whether the field has a default, and its line."""
        name = attribute(key)
        kind = self._kinds.get(steps) or self._nested(steps)
        is_plain = (name if is_as_written else camel(name)) == key
        if steps in self._required:
            return False, f"{name}: {kind}" + ("" if is_plain else f' = msgspec.field(name="{key}")')
        default = "None" if is_plain else f'msgspec.field(default=None, name="{key}")'
        return True, f"{name}: {kind} | None = {default}"

    def _nested(self, steps: Steps) -> str:
        node = self._root.at(steps)
        if "list" in node.kinds:
            self.write((*steps, ITEM))
            return f"list[{self.names[(*steps, ITEM)]}]"
        self.write(steps)
        return self.names[steps]


def _described(steps: Steps) -> str:
    return "What the rim and the translation read." if not steps else f"`{'.'.join(s for s in steps if s != ITEM)}`."

"""What each of a vendor's topics brings: one function a topic, or the words why it brings no order."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from adapters.asking import Answers
from adapters.contract import Hook, Ignored, Translation

Translate: TypeAlias = Callable[[Hook, Any, Answers], Translation]
ByTopic: TypeAlias = Callable[[str | None, Hook, Any, Answers], Translation]


def topics(table: Mapping[str, Translate | str], *, without: Translate | None = None) -> ByTopic:
    """A translation by topic, compared trimmed and without regard to case.

    A text in the table is the reason for which that topic is ignored; so is what the table does not list. `without`
    translates a hook that names no topic, as when a person sends a body by hand; None: it is ignored.
    """
    known = {_folded(topic): what for topic, what in table.items()}

    def translate(topic: str | None, hook: Hook, options: Any, answers: Answers) -> Translation:
        what = without if topic is None else known.get(_folded(topic))
        if what is None:
            return Ignored("no topic" if topic is None else f"topic {topic[:50]} brings no order")
        return Ignored(what) if isinstance(what, str) else what(hook, options, answers)

    return translate


def _folded(topic: str) -> str:
    return topic.strip().casefold()

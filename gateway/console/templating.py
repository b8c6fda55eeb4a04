"""The pages' templates, and what they say for themselves."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from gateway.console import assets, telling


def environment(now: Callable[[], datetime]) -> Environment:
    """The templates, loaded when they are first shown."""
    made = Environment(
        loader=PackageLoader("gateway.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {
        "when": _when(now), "tone": telling.tone, "json": _json, "span": telling.span,
        "part": lambda text: quote(text, safe=""), "said": lambda text: text.replace("_", " "),
    }  # fmt: skip
    made.globals |= {"asset": assets.path_of}
    return made


def _when(clock: Callable[[], datetime]) -> Callable[[Context, str | None], Markup]:
    @pass_context
    def when(context: Context, text: str | None) -> Markup:
        if text is None:
            return Markup("")
        now, zone = clock(), context["zone"]
        told = Markup('<time datetime="{}" title="{}">{} <span class="exact">{}</span></time>')
        return told.format(text, telling.exact(text, zone), telling.age(text, now), telling.brief(text, now, zone))

    return when


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()

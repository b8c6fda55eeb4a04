"""Who delivers and who looks on, by the file, and where something else was decided."""

from collections.abc import Collection

from gateway.config.model import Config
from gateway.records import SourceMode


def modes_of(config: Config) -> list[SourceMode]:
    """What the file says of each source."""
    return [
        SourceMode(
            name,
            source.settings.mode,
            source.settings.replaces,
            None if source.second is None else f"{source.second.settings.adapter} {source.second.adapter.version}",
        )
        for name, source in config.sources.items()
    ]


def decided_otherwise(said: Collection[SourceMode], decided: Collection[SourceMode]) -> list[str]:
    """Where the file says otherwise than a promotion decided, in words."""
    words = {each.source: each.mode for each in said}
    return [
        f"sources.{each.source}.mode: {words[each.source]}, but a promotion decided {each.mode}: let the file say so"
        for each in decided
        if each.is_decided and words.get(each.source, each.mode) != each.mode
    ]

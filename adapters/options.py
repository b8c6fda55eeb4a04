"""Types that adapters' options share."""

from typing import Annotated, TypeAlias

Span: TypeAlias = Annotated[float, "span"]
"""A span in seconds; the configuration file may say `90s`, `15m`, `2h` or `30d` for it."""

"""What looks on in shadow: who delivers and who does not, and how the two compare."""

from typing import Final, Literal, TypeAlias

import msgspec

from gateway.events import SECOND, Micros
from gateway.records.operating import MemberChange

Mode: TypeAlias = Literal["live", "shadow"]

NOT_COMPARED: Final = "not_compared"
"""The reason of an event that the adapter in shadow was not given, since it kept hanging or ending its process."""

SETTLING: Final = 900 * SECOND
"""What only one side has told of for so long is missing on the other."""


class SourceMode(msgspec.Struct, frozen=True):
    """Whether a source delivers, and since when.

    In shadow it `replaces` a source, or none; live, it has `second`, an adapter that looks on, or none. `is_decided` by
    a promotion: whatever the file says.
    """

    source: str
    mode: Mode = "live"
    replaces: str | None = None
    second: str | None = None
    since: Micros = 0
    is_decided: bool = False


ShadowVerdict: TypeAlias = Literal["equal", "differ", "onlyHere", "onlyThere"]


class ShadowExample(msgspec.Struct, frozen=True):
    """An order that is not equal; in `difference` `before` is the live order's, `after` the shadow's."""

    tenant: str
    external_order_id: str
    verdict: ShadowVerdict
    event: int | None
    difference: tuple[MemberChange, ...]


class ShadowRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How orders compare: one verdict each.

    `only_here`: the shadow alone tells of it. `settling`: so far on one side, and not for long. `asks`: events for
    which the shadow would ask the vendor. `reasons`: events that became no order in shadow, by code.
    """

    mode: SourceMode
    equal: int
    differ: int
    only_here: int
    only_there: int
    settling: int
    asks: int
    members: dict[str, int]
    reasons: dict[str, int]
    examples: tuple[ShadowExample, ...]

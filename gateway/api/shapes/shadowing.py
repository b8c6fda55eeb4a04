"""How what looks on in shadow compares with what is live."""

from gateway.api.shapes.basics import Shape, Shown
from gateway.api.shapes.done import Difference
from gateway.records import Mode, ShadowVerdict


class ShadowExample(Shape, frozen=True, kw_only=True):
    """An order that is not equal; in its difference `from` is the live one's. `event`: of the shadow's newest state."""

    tenant: str
    external_order_id: str
    verdict: ShadowVerdict
    event: str | None
    difference: tuple[Difference, ...]


class Shadow(Shape, frozen=True, kw_only=True):
    """How orders compare, one verdict each, since the shadow began.

    `settling`: told of by one side, less than fifteen minutes ago. `asks`: events for which the shadow would ask the
    vendor. `reasons`: events that became no order in shadow, by code; `not_compared` were not given to its adapter.
    """

    mode: Mode
    replaces: str | None
    second_adapter: str | None
    since: Shown
    equal: int
    differ: int
    only_here: int
    only_there: int
    settling: int
    asks: int
    members: dict[str, int]
    reasons: dict[str, int]
    examples: tuple[ShadowExample, ...]

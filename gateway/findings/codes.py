"""The words of findings."""

from typing import Final

import msgspec

CODES: Final = (
    "no_house_number",
    "impossible_postcode",
    "no_town",
    "po_box",
    "masked",
    "planned_in_the_past",
    "improbable_weight",
)
"""What may be found of an order; a tenant's `hold` names any of them."""


class Finding(msgspec.Struct, frozen=True):
    """A doubt about one order: its code, and why, without a word of the person's."""

    code: str
    detail: str

"""What an adapter may raise; each means: a dead letter now, a replay after the adapter or its options are mended.

TranslationError
  MalformedPayload       the body is not what the vendor's contract says
    MalformedAnswer        the body is, an answer of the vendor's API is not
  IncompletePayload      well formed, but something without which there is no order is missing
  SeveralDestinations    one order would go to several places
  UnknownGoodsOwner      the goods owner is not in the options' list of tenants

Any other exception that leaves an adapter becomes the gateway's `adapter_defect`, with its traceback.
"""

from typing import ClassVar


class TranslationError(Exception):
    """The event becomes a dead letter with this code, detail and path.

    Args:
        detail: what is wrong, lower case, never the body, never a secret.
        path: the JSON path of the member at fault, such as `$.order.shipTo`.
        references: the vendor's references of the event as far as known, so that it can be found by them.
    """

    code: ClassVar[str]

    def __init__(self, detail: str, *, path: str | None = None, references: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.path = path
        self.references = references


class MalformedPayload(TranslationError):  # noqa: N818 - named by what is wrong
    """The body does not decode as the vendor's shape."""

    code = "malformed_payload"


class MalformedAnswer(MalformedPayload):
    """An answer of the vendor's API does not decode as the vendor's shape; the detail names the lookup."""

    code = "lookup_malformed"


class IncompletePayload(TranslationError):  # noqa: N818 - named by what is wrong
    """Something without which there is no order is missing; the detail names the option that would mend it."""

    code = "incomplete_payload"


class SeveralDestinations(TranslationError):  # noqa: N818 - named by what is wrong
    """Its parts go to different places; the detail names the option that makes an order of each."""

    code = "several_destinations"


class UnknownGoodsOwner(TranslationError):  # noqa: N818 - named by what is wrong
    """The goods owner is not listed although the options list some: it must not land at another's tenant."""

    code = "unknown_goods_owner"

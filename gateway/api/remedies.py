"""What helps against each reason: the one table that the API, the terminal and the console read."""

from typing import Final, Literal

import msgspec

from gateway.events import Reason


class Remedy(msgspec.Struct, frozen=True):
    """What helps, in words, and the act that puts a dead letter right once it is done."""

    words: str
    act: Literal["replay", "discard", "resume", "release"] | None = None


_MEND_ADAPTER: Final = Remedy("mend the adapter, then replay", "replay")
_ASK_TRACKELY: Final = Remedy("ask Trackely, then replay", "replay")
_SET_OPTION: Final = Remedy("set the option that the detail names, then replay", "replay")
_NOTHING: Final = Remedy("nothing")

REMEDIES: Final[dict[str, Remedy]] = {
    "malformed_payload": _MEND_ADAPTER,
    "incomplete_payload": _SET_OPTION,
    "adapter_defect": _MEND_ADAPTER,
    "invalid_order": Remedy("mend the mapping, then replay", "replay"),
    "order_collision": _SET_OPTION,
    "order_renamed": Remedy("discard it, or replay it with force as an order of its own", "discard"),
    "several_destinations": _SET_OPTION,
    "unknown_goods_owner": Remedy("list the goods owner in the option `tenants`, then replay", "replay"),
    "lookup_not_found": Remedy("replay once the vendor's API has the order", "replay"),
    "lookup_retrying": Remedy("nothing: it is asked again by itself"),
    "lookup_failed": Remedy("see why the vendor's API fails for it, then replay", "replay"),
    "lookup_malformed": _MEND_ADAPTER,
    "refused": Remedy("mend the mapping or the order at the vendor, then replay", "replay"),
    "intake_error": _ASK_TRACKELY,
    "unconfirmed": _ASK_TRACKELY,
    "too_large": Remedy("mend the mapping, then replay", "replay"),
    "cancelled_after_delivery": Remedy("cancel it at Trackely by hand, then discard", "discard"),
    "cancelled_maybe_delivered": Remedy("look at Trackely, cancel it there by hand, then discard", "discard"),
    "held": Remedy("look at what is doubted, then amend the order, or release it as it is", "release"),
    "no_orders": _NOTHING,
    "not_compared": Remedy("mend the adapter in shadow; a promotion translates it after all"),
    "ignored": Remedy("nothing; if it should be an order, set the adapter's options, then replay"),
    "discarded": Remedy("nothing; replay its event to have it after all"),
    "erased": _NOTHING,
    "halted_by_hand": Remedy("resume it when whoever halted it agrees", "resume"),
    "restored": Remedy("see what was sent since the backup, then resume it", "resume"),
    "intake_unauthorized": Remedy("mend the secret and reload; it resumes by itself"),
    "intake_wrong_door": Remedy("mend the intake's URL; it resumes by itself"),
    "intake_unavailable": Remedy("nothing: it goes on by itself once the intake answers"),
    "not_an_intake": Remedy("mend the intake's URL; it resumes by itself"),
    "refuses_everything": Remedy("ask Trackely; it goes on by itself once an order is accepted"),
    "lookup_unauthorized": Remedy("mend the credentials of the vendor's API and reload, then resume", "resume"),
    "disk_full": Remedy("free space on the store's disk"),
    "store_removed": Remedy("put the file back in its place, or restart the gateway"),
    "disk_unreadable": Remedy("look at the store's disk"),
    "backlog_full": Remedy("wait for the drain, or see why the tenant's orders do not go out"),
}
"""By the code of an event's, an order's, a tenant's or a source's reason."""

REFUSALS: Final[dict[str, str]] = {
    "unknown_source": "give the vendor the URL of a configured source",
    "method": "let the vendor send with POST",
    "credentials": "compare the vendor's credentials with the source's `auth`",
    "address": "add the vendor's network to the source's `allow_ips`",
    "too_many_failures": "mend the credentials; the limit lifts itself within a minute",
    "content_type": "let the vendor send JSON with a JSON content type",
    "content_encoding": "let the vendor send without compression",
    "too_large": "raise `limits.max_body` if such a body is meant",
    "unavailable": "see /readyz: the store could not take it; the vendor sends it again",
    "blocked": "see /readyz: the disk or a backlog is full; the vendor sends it again",
    "crowded": "nothing, the vendor sends it again; if it happens daily, raise `limits.unproven`",
    "not_json": "let the vendor send JSON",
    "too_deep": "let the vendor send JSON nested no deeper than 512 levels",
    "header": "see who sends the header twice, the vendor or a proxy between",
    "charset": "let the vendor send UTF-8, and say so or nothing",
    "disconnected": "nothing: the vendor broke off and sends it again",
    "body_timeout": "see why the vendor's sending is so slow; `limits.body_timeout`",
    "stopping": "nothing: the vendor sends it again",
    "internal_error": "see the log, and report it",
    "bad_request": "see which program sends what is no HTTP",
    "url_too_long": "see which program sends such a URL",
    "headers_too_large": "see which program sends such headers",
    "header_timeout": "see which program sends so slowly; `limits.header_timeout`",
    "too_many_connections": "see who holds the connections; `limits.max_connections`",
    "operators_credentials": "mend the token of whoever asks the API from this address",
    "pull_credentials": "compare Trackely's pull secret with the tenant's `pull_secret`",
    "intake_credentials": "compare the tenant's secret with the embedded intake's",
}
"""What helps where a request was turned away, by its reason."""

UNKNOWN: Final = Remedy("read the detail, mend what it names, then replay", "replay")
"""For a code of an adapter of somebody's own, or of another version."""


def remedy_of(reason: Reason) -> Remedy:
    """What helps against a reason."""
    return REMEDIES.get(reason.code, UNKNOWN)

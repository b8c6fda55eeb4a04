"""docs/api.md says what there is."""

import re
from pathlib import Path

from gateway.api import CALLS, PREFIX
from gateway.api.remedies import REFUSALS, REMEDIES
from gateway.ingress.refusals import REASONS

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "api.md").read_text()
CODE = re.compile(r'(?:Reason\(\s*(?:code=)?|\bcode(?:: ClassVar\[str\])? = )"([a-z_]+)"')
PROMISED = frozenset(
    {
        *("malformed_payload", "incomplete_payload", "adapter_defect", "invalid_order", "order_collision"),
        *("unknown_goods_owner", "lookup_not_found", "lookup_failed", "lookup_malformed", "refused", "intake_error"),
        *("unconfirmed", "too_large", "cancelled_after_delivery", "cancelled_maybe_delivered"),
        *("intake_unauthorized", "intake_wrong_door", "intake_unavailable", "not_an_intake", "refuses_everything"),
    }
)


def test_every_call_has_a_row():
    """The table of calls lists each call of the API, and no other."""
    rows = re.findall(r"^\| `(GET|POST) (\S+)`", DOCUMENT, re.MULTILINE)

    assert sorted(rows) == sorted((call.method, f"{PREFIX}/{call.path.replace(':path', '')}") for call in CALLS)


def test_every_parameter_of_a_list_is_named():
    """The row of a list names each of its filters."""
    for call in CALLS:
        row = next(
            line
            for line in DOCUMENT.splitlines()
            if f"`{call.method} {PREFIX}/{call.path}`".replace(":path", "") in line
        )
        filters = set(call.query.__struct_encode_fields__) - {"limit", "cursor", "format", "dryRun", "force"}

        assert filters == {name for name in filters if f"`{name}`" in row}


def _rows(heading):
    """Codes and last columns of a heading's table."""
    _, _, text = DOCUMENT.partition(f"## {heading}\n")
    return dict(re.findall(r"^\| `([a-z_]+)` \|(?:.*\|)? ([^|]+) \|$", text.partition("\n## ")[0], re.MULTILINE))


def test_every_reason_has_a_remedy():
    """Each code that the gateway or an adapter gives, and each promised one, is in the one table of remedies."""
    sources = [path.read_text() for top in ("gateway", "adapters") for path in (ROOT / top).rglob("*.py")]
    given = {code for text in sources for code in CODE.findall(text)}

    assert given | PROMISED <= REMEDIES.keys()


def test_every_remedy_is_documented():
    """The documentation's tables of reasons and of refusals say what the gateway says."""
    assert _rows("Reasons") == {code: remedy.words for code, remedy in REMEDIES.items()}
    assert _rows("Refusals") == REFUSALS
    assert REFUSALS.keys() == REASONS

"""From the samples of shapes that were written when the rules stood to a checked adapter that delivers."""

import json

import msgspec
import pytest

from benchmarks.drafts import Shape
from tests.acceptance.kit.test_from_a_sample import edit, gateway
from tests.unit.kit.test_drafts import CORPUS

MOST_EDITED = 25


def write(sample, place, folder):
    """A sample as a file: a capture where it has headers."""
    body = json.dumps(sample.body)
    if not sample.headers:
        (folder / f"s{place}.json").write_text(body)
        return f"s{place}.json"
    head = "".join(f"{name}: {value}\r\n" for name, value in sample.headers.items())
    (folder / f"s{place}.http").write_text(f"POST /hooks/acme/{sample.path} HTTP/1.1\r\n{head}\r\n{body}")
    return f"s{place}.http"


@pytest.mark.parametrize(
    ("name", "edits"),
    [
        (
            "ready_to_ship",
            {
                '"voided", "void")  # guess': '"voided", "void", "withdrawn")',
                'path="$.ship_by"),  # guess': 'path="$.ship_by"),',
            },
        ),
        ("releases", {'"$.releases[].releaseNo")  # guess': '"$.releases[].releaseNo")'}),
        (
            "edi_940",
            {
                "identifier(  # guess": "identifier(",
                "clock = None  # guess": "clock = None",
                "destination(  # guess": "destination(",
                "day(  # guess": "day(",
            },
        ),
    ],
)
def test_a_held_back_shape_is_delivered(tmp_path, name, edits):
    """Few lines are edited, each of them marked, and every order of the samples arrives as it should."""
    shape = msgspec.json.decode((CORPUS / "third_run" / f"{name}.json").read_bytes(), type=Shape)
    captures = tmp_path / "captures"
    captures.mkdir()
    files = [write(sample, place, captures) for place, sample in enumerate(shape.samples)]
    samples = [argument for file in files for argument in ("--sample", f"captures/{file}")]

    made = gateway(tmp_path, "adapter", "new", "acme", *samples)
    edited = edit(tmp_path / "acme.py", edits)
    checked = gateway(tmp_path, "adapter", "check", "./acme.py", "--accept")
    tried = gateway(tmp_path, "adapter", "try", "./acme.py", "captures", "--json")
    arrived = {order["externalOrderId"]: order for order in json.loads(tried.stdout)["orders"]}
    expected = [order for sample in shape.samples for order in sample.expected.orders]

    assert made.returncode == 0, made.stderr
    assert all("# guess" in before for before in edits)
    assert edited <= MOST_EDITED
    assert checked.returncode == 0, checked.stdout
    assert tried.returncode == 0, tried.stdout
    assert arrived.keys() == {order["externalOrderId"] for order in expected}
    for order in expected:
        wanted = {member: value for member, value in order.items() if member != "clock"}
        assert arrived[order["externalOrderId"]] | wanted == arrived[order["externalOrderId"]]

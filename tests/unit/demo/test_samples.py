"""What comes with the package for the demo."""

import hashlib
import json
from pathlib import Path

import pytest

from gateway.workshop.demo.sending import SAMPLES
from gateway.workshop.samples import sample, shipped_config

ROOT = Path(__file__).parents[3]


def test_the_shipped_configuration_is_the_root_one():
    """Installed from a package, the demo writes the very file that stands at the root."""
    assert shipped_config() == (ROOT / "config.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "digest"),
    [
        ("ongoing_order_webhook.json", "3d3661bd7bdc8f61f882e26bb88672e66b2a94c47e77ba1401075338256517fb"),
        ("logistics_plus_order_as_published.json", "373932e1b67b8b1519cd91c3129549a134a509fc1bd99bc79da5c16f001c8076"),
        ("logistics_plus_receive.json", "d8cfb2dbcae8bd17b667a0bc170a8318ebef35c5cf9586c503ed15d92511416c"),
    ],
)
def test_the_vendors_samples_are_byte_for_byte_theirs(file, digest):
    """As published, whatever an editor would like to do with them."""
    assert hashlib.sha256(sample(file)).hexdigest() == digest


def test_each_sample_is_there():
    """Every file that the demo sends is JSON, and the stand-in knows the order that the picked one names."""
    known = {stored["order"]["orderInfo"]["orderId"] for stored in json.loads(sample("standin_orders.json"))}

    assert all(json.loads(sample(each.file)) for each in SAMPLES)
    assert json.loads(sample("ongoing_order_picked.json"))["orderId"] in known

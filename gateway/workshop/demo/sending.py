"""What the demo sends, and to whom: the vendors' own samples and a few of ours, with each source's credentials."""

import time
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from gateway.config.model import Config, ConfiguredSource
from gateway.workshop.samples import sample
from gateway.workshop.signing import can_be_proven, proof_of


class Sample(msgspec.Struct, frozen=True):
    """A payload for the first source with this adapter, what it is in a few words, and whether it is no order.

    `lasts` says why the answer takes its time.
    """

    adapter: str
    file: str
    words: str
    is_repeat: bool = False
    is_no_order: bool = False
    lasts: str | None = None


SAMPLES: Final = (
    Sample("logistics_plus", "logistics_plus_receive.json", "Logistics Plus: the published Receive"),
    Sample("logistics_plus", "logistics_plus_order.json", "Logistics Plus: an Order with a shipToAddress"),
    Sample("logistics_plus", "logistics_plus_order.json", "Logistics Plus: the same again", is_repeat=True),
    Sample("ongoing", "ongoing_order_picked.json", "Ongoing: an order is picked"),
    Sample(
        "logistics_plus",
        "logistics_plus_order_as_published.json",
        "Logistics Plus: the published Order, which has no shipToAddress",
        is_no_order=True,
    ),
    Sample(
        "logistics_plus", "logistics_plus_broken.json", "Logistics Plus: a broken one, without its id", is_no_order=True
    ),
    Sample(
        "ongoing",
        "ongoing_order_webhook.json",
        "Ongoing: the published webhook, all zeros",
        is_no_order=True,
        lasts="Ongoing's API is asked three times for an order that it does not have: 8 s",
    ),
)


class Sent(msgspec.Struct, frozen=True):
    """A sample and the gateway's answer to it."""

    sample: Sample
    source: str
    status: int
    event_id: str | None
    is_duplicate: bool
    problem: str | None


class _Problem(msgspec.Struct):
    detail: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    """What a hook answers, good or bad."""

    event_id: str | None = None
    duplicate: bool = False
    problem: _Problem | None = None
    detail: str | None = None


def recipients(config: Config, *, without: set[str]) -> list[tuple[Sample, ConfiguredSource]]:
    """Each sample with its source; samples that have none, or whose source is named in `without`, are left out."""
    by_adapter: dict[str, ConfiguredSource] = {}
    for source in config.sources.values():
        if can_be_proven(source.settings.auth):
            by_adapter.setdefault(source.adapter.name, source)
    found = [(each, by_adapter[each.adapter]) for each in SAMPLES if each.adapter in by_adapter]
    return [(each, source) for each, source in found if source.name not in without]


async def send(client: httpx.AsyncClient, url: str, what: Sample, source: ConfiguredSource) -> Sent:
    """Post a sample as the vendor would."""
    body = sample(what.file)
    proof = proof_of(source.settings.auth, body, time.time)
    answer = await client.post(
        f"{url}/hooks/{quote(source.name, safe='')}",
        content=body,
        headers={"Content-Type": "application/json", **proof.headers},
        params=proof.parameters,
    )
    told = msgspec.json.decode(answer.content, type=_Answer)
    problem = told.problem.detail if told.problem else told.detail
    return Sent(what, source.name, answer.status_code, told.event_id, told.duplicate, problem)

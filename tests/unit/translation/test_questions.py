"""What a lookup may ask, what its answer is found by, and what an answer says of the vendor's limits."""

import json

import pytest

from adapters import Adapter, Identity, Ignored, Lookup, OptionsModel, RateLimit
from gateway.events import SECOND
from gateway.ground.questions import fault_of_query, fault_of_question
from gateway.lookups.asking import VendorAnswer
from gateway.lookups.limits import refused_inside, rest_of

QUERY = "query Order($id: ID!) { order(id: $id) { name } }"
NOW = 1_750_000_000 * SECOND


def adapter(contract: int = 2, queries: tuple[str, ...] = (QUERY,)) -> Adapter:
    return Adapter(
        name="acme", version="1", options=OptionsModel, contract=contract, queries=queries,
        identify=lambda _: Identity("1"), translate=lambda *_: Ignored("nothing"),
    )  # fmt: skip


def test_a_key_says_all_that_is_asked():
    """Path, parameters in any order, and what is posted: two pages of a list, or two orders, are two questions."""
    plain, first = Lookup(path="orders"), Lookup(path="orders", parameters={"page": "1", "by": "a b&c"})
    same = Lookup(path="orders", parameters={"by": "a b&c", "page": "1"})
    posted = [Lookup(path="orders", json={"id": 1}), Lookup(path="orders", json={"id": 2})]
    queried = [Lookup(path="orders", query=QUERY, variables={"id": number}) for number in (1, 2)]

    assert plain.key == "orders"
    assert first.key == same.key == "orders?by=a%20b%26c&page=1"
    assert len({each.key for each in (plain, first, *posted, *queried)}) == 6


def test_to_an_adapter_of_contract_1_the_key_is_the_path():
    """As it was, whatever its parameters."""
    lookup = Lookup(path="orders", parameters={"page": "1"})

    assert adapter(contract=1).key_of(lookup) == "orders"
    assert adapter(contract=2).key_of(lookup) == "orders?page=1"


@pytest.mark.parametrize(
    "text",
    [
        QUERY, "{ order { id } }", '# mutation\nquery { order { note(text: "mutation {") } }',
        'query { a(text: """ } mutation { """) }', "query A { ...B } fragment B on Order { mutation }",
    ],
)  # fmt: skip
def test_a_query_that_reads_is_fit(text):
    """Whatever its comments, texts and members are called."""
    assert fault_of_query(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "mutation { cancel(id: 1) { id } }", "query { a } mutation { b }", "subscription { a }",
        "{ a } } mutation { b }",
        "", "query", "query { a", "fragment A on B { c } \n mutation M($a: X = {b: 1}) { d }", 5,
        'query { a(b: "\\"") } mutation { c }',
    ],
)  # fmt: skip
def test_a_query_that_changes_something_is_refused(text):
    """Nor what is no whole query."""
    assert fault_of_query(text) is not None


@pytest.mark.parametrize(
    "lookup",
    [
        Lookup(path="graphql", query=QUERY + " "),
        Lookup(path="graphql", query=QUERY, json={}),
        Lookup(path="graphql", json={"query": QUERY}),
        Lookup(path="../graphql", query=QUERY),
    ],
)
def test_a_query_is_the_adapters_own(lookup):
    """One that was put together from a payload is not among those that the adapter lists."""
    assert fault_of_question(adapter(), Lookup(path="graphql", query=QUERY, variables={"id": "} mutation {"})) is None
    assert fault_of_question(adapter(), lookup) is not None


@pytest.mark.parametrize(
    ("unit", "reset", "rest"),
    [
        ("seconds", "2", 2), ("milliseconds", "1500", 1.5), ("epoch", "1750000007", 7), ("epoch", "1700000000", 0),
        ("seconds", "1e9", 3600), ("seconds", "soon", 0), ("seconds", "nan", 0),
    ],
)  # fmt: skip
def test_an_answer_names_its_limit(unit, reset, rest):
    """Nothing left: the turn rests, an hour at most; something left: it goes on."""
    limits = RateLimit(remaining="X-Left", reset="X-Reset", unit=unit)

    assert rest_of(limits, {"x-left": "0", "x-reset": reset}, 200, NOW) == rest * SECOND
    assert rest_of(limits, {"x-left": "1", "x-reset": reset}, 200, NOW) == 0
    assert rest_of(limits, {"x-reset": reset}, 429, NOW) == rest * SECOND
    assert rest_of(None, {"x-left": "0", "x-reset": reset}, 429, NOW) == 0


def test_a_refusal_inside_a_good_answer_is_one():
    """Of GraphQL: too much asked is a 429 with the time that the bucket takes, no rights are a 401."""

    def said(**answer):
        return refused_inside(VendorAnswer(200, json.dumps(answer).encode()))

    cost = {"requestedQueryCost": 101, "throttleStatus": {"currentlyAvailable": 1, "restoreRate": 50.0}}
    throttled = said(errors=[{"extensions": {"code": "THROTTLED"}}], extensions={"cost": cost})
    denied = said(errors=[{"extensions": {"code": "ACCESS_DENIED"}}])

    assert (throttled.status, throttled.retry_after) == (429, 2 * SECOND)
    assert (denied.status, denied.lacks_rights) == (401, True)
    assert said(data={"order": None}, errors=[{"message": "gone"}]).status == 200
    assert refused_inside(VendorAnswer(200, b"[1]")).status == 200

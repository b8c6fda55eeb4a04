from gateway.workshop.conformance import CLAUSES, SettingsAccess, verify
from tests.processes import free_port


async def test_the_embedded_intake_keeps_every_clause(running):
    """With all means given, every clause of the contract is checked and passes."""
    results = await verify(running.url, running.secret, settings=SettingsAccess(running.origin, running.admin))

    assert [(result.name, result.outcome, result.detail) for result in results] == [
        (clause.name, "passed", None) for clause in CLAUSES
    ]


async def test_clauses_without_means_are_not_checked(running):
    """Without Settings those clauses are `not checked` and say what they need; all others pass."""
    results = await verify(running.url, running.secret)
    outcomes = {result.name: result.outcome for result in results}

    assert set(outcomes.values()) == {"passed", "not checked"}
    assert outcomes["payload.customer_id"] == outcomes["pull.bearer"] == outcomes["settings.connect"] == "not checked"
    assert all(result.detail for result in results if result.outcome == "not checked")


async def test_a_known_customer_is_means_enough_for_its_clause(running):
    """With the ID of a customer the clause about customerId is checked without Settings."""
    await running.push({"externalOrderId": "A", "deliveryAddress": "1 Elm Street"})
    customer_id = (await running.order("A"))["customer"]["customerId"]
    [result] = await verify(running.url, running.secret, customer_id=customer_id, only={"payload.customer_id"})

    assert result.outcome == "passed"


async def test_an_intake_that_is_not_there_fails_the_clause():
    """A refused connection is a failure with a reason, not a traceback."""
    results = await verify(f"http://127.0.0.1:{free_port()}/api/integrations/wms/demo", "secret", only={"auth.bearer"})

    assert [(result.outcome, result.detail) for result in results] == [("failed", "no answer: ConnectError")]

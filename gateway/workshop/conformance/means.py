"""What a check is given, and how a check becomes a clause."""

from collections.abc import Awaitable, Callable

import msgspec

from gateway.workshop.conformance.subject import ADDRESS, Administration, NotChecked, Webhook


class Means(msgspec.Struct, frozen=True):
    """The webhook under test, and the further means as far as they were given."""

    webhook: Webhook
    settings: Administration | None
    customer_id: str | None
    callback_host: str

    def administration(self) -> Administration:
        """Settings → Integrations. Raises NotChecked."""
        if self.settings is None:
            raise NotChecked("needs the settings' origin and token")
        return self.settings

    async def customer(self) -> tuple[Webhook, str]:
        """A webhook and the ID of a customer that its tenant has. Raises NotChecked."""
        if self.customer_id is not None:
            return self.webhook, self.customer_id
        if self.settings is None:
            raise NotChecked("needs the ID of an existing customer, or the settings' origin and token")
        webhook, _ = await self.settings.connect()
        created = await webhook.create(deliveryAddress=ADDRESS)
        order = await self.settings.stored(webhook, created["externalOrderId"])
        return webhook, str(order["customer"]["customerId"])


Check = Callable[[Means], Awaitable[None]]


class Clause(msgspec.Struct, frozen=True):
    """A sentence of the contract and the check that it holds."""

    name: str
    sentence: str
    check: Check


def clause(book: list[Clause], name: str, sentence: str) -> Callable[[Check], Check]:
    """Enters a check into a book of clauses."""

    def enter(check: Check) -> Check:
        book.append(Clause(name, sentence, check))
        return check

    return enter

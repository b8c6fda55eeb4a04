"""An order's story for people: what happened, oldest first, and at the end where it is, why, and what helps."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from gateway.cli.events import is_erased, show_events
from gateway.cli.moments import ahead, later, when
from gateway.cli.show import show_facts, show_line, show_table, shown
from gateway.events import OrderStatus
from gateway.orders import TenantStatus

if TYPE_CHECKING:
    from gateway.cli.client import Client

LONGEST_WORDS = 200


def tell(client: "Client", order: dict[str, Any]) -> None:
    """Show an order as the API tells it, with what it says of the order's tenant."""
    # What holds a pending order up is mostly its tenant's trouble, which the order does not know of.
    rows = client.get("tenants").value["tenants"]
    tenant: dict[str, Any] = next((row for row in rows if row["name"] == order["tenant"]), {})
    if order["order"] is None:
        is_gone = is_erased(order["status"], order["reason"])
        show_line("its newest state was erased" if is_gone else "its newest state is a cancellation")
    else:
        show_facts(order["order"])
    show_line("")
    show_events(order["events"])
    show_line("")
    show_attempts(order["attempts"])
    show_line("")
    _show_verdict(order, tenant)


def show_attempts(attempts: Sequence[dict[str, Any]]) -> None:
    """Show attempts, oldest first, equal ones that follow each other as one row: repetition hides a lot."""
    alike = [list(same) for _, same in groupby(attempts, key=_outcome)]
    is_repeated = any(same[-1]["lastAt"] != same[0]["at"] for same in alike)
    show_table(
        (
            "at",
            *(("until", "times") if is_repeated else ()),
            "kind",
            "status",
            "outcome",
            "batch",
            "ms",
            "the intake's words",
        ),
        (
            (
                when(same[0]["at"]),
                *((_until(same), sum(each["times"] for each in same)) if is_repeated else ()),
                same[0]["kind"],
                same[0]["httpStatus"],
                same[0]["outcome"],
                _range([each["batchSize"] for each in same]),
                _range([each["milliseconds"] for each in same]),
                shown(same[0]["detail"])[:LONGEST_WORDS],
            )
            for same in alike
        ),
        nothing="no attempts",
    )


def _until(same: Sequence[dict[str, Any]]) -> str | None:
    return when(same[-1]["lastAt"]) if same[-1]["lastAt"] != same[0]["at"] else None


def _outcome(attempt: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(attempt[name] for name in ("kind", "httpStatus", "outcome", "detail"))


def _range(numbers: Sequence[float]) -> str:
    least, most = (f"{number:.0f}" for number in (min(numbers), max(numbers)))
    return least if least == most else f"{least}-{most}"


def _show_verdict(order: dict[str, Any], tenant: dict[str, Any]) -> None:
    waits = _waiting(order, tenant) if order["status"] == OrderStatus.PENDING else {}
    holder = (tenant.get("reason") or {}) if waits else {}
    remedy = (order["reason"] or {}).get("remedy") or holder.get("remedy")
    show_facts(
        {
            "order": order["externalOrderId"],
            "tenant": order["tenant"],
            "intake": tenant.get("intakeUrl"),
            "order at Trackely": order["orderId"],
            "created there": order["created"],
            "changed at": when(order["changedAt"]),
            "delivered at": when(order["deliveredAt"]),
            "status": order["status"],
            "reason": order["reason"],
            "together with": order["siblings"],
            "findings": "; ".join(f"{each['code']}: {each['detail']}" for each in order["findings"]) or None,
            **waits,
            "what helps": remedy,
        }
    )


def _waiting(order: dict[str, Any], tenant: dict[str, Any]) -> dict[str, str | None]:
    """What a pending order waits for, and until when; `tenant` is empty where none is configured."""
    name, reason = shown(order["tenant"]), shown(tenant.get("reason"))
    own, common = ahead(order["nextAttemptAt"]), ahead(tenant.get("nextAttemptAt"))
    if not tenant:
        return {"waits because": f"tenant {name} is not configured"}
    if tenant["status"] == TenantStatus.HALTED:
        return {"waits because": f"tenant {name} is halted: {reason}", "next probe at": when(common)}
    if tenant["status"] == TenantStatus.BACKING_OFF:
        until = f" until {when(common)}" if common else ""
        # An order that is tried alone waits for the tenant's moment as well: said once.
        return {
            "waits because": f"tenant {name} is backing off{until}: {reason}",
            "next attempt at": when(later(own, common)),
        }
    if tenant["delivery"] == "pull":
        after = f" from {when(own)} on" if own else ""
        return {"waits because": f"tenant {name} is pulled from: the next pull{after} takes it"}
    if own and not order["attempts"]:
        return {"waits because": "it is new: its edits replace it until then", "next attempt at": when(own)}
    return {"next attempt at": when(own)}

"""The webhook's door: `POST /api/integrations/wms/{tenantId}`."""

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core_intake.doors import read_body, unproven
from gateway.core_intake.errors import IntakeRefusal, Unauthorized
from gateway.core_intake.integrations import Integrations
from gateway.core_intake.keys import bearer_of
from gateway.core_intake.orders import Orders
from gateway.core_intake.payload import read_payload_aside
from gateway.ground.answers import json_answer
from gateway.ground.failures import TurnedAway

log = structlog.get_logger("core_intake")


def webhook_route(integrations: Integrations, orders: Orders, max_body: int, turned_away: TurnedAway) -> Route:
    """The route; the secret is proven before the body is read."""

    async def receive(request: Request) -> Response:
        tenant = request.path_params["tenant"]
        try:
            secret_hash = await integrations.admit(tenant, bearer_of(_authorizations(request)))
            payload = await read_payload_aside(await read_body(request, max_body))
            reply = await orders.accept(tenant, payload, secret_hash=secret_hash)
        except Unauthorized:
            raise unproven(request, "intake_credentials", turned_away) from None
        except IntakeRefusal as refusal:
            log.info("orders_refused", tenant=tenant, status=refusal.status)
            raise
        log.info("orders_accepted", tenant=tenant, processed=reply.processed)
        return json_answer(reply)

    return Route("/api/integrations/wms/{tenant}", receive, methods=["POST"])


def _authorizations(request: Request) -> list[bytes]:
    return [value for name, value in request.headers.raw if name == b"authorization"]

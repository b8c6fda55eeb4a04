"""Delivery: from the outbox to the intake, until every order is settled."""

from gateway.delivery.delivery import Delivery
from gateway.delivery.standing import DeliveryReport
from gateway.delivery.worker import TenantWorker

__all__ = ["Delivery", "DeliveryReport", "TenantWorker"]

"""What Trackely is promised: the canonical order and the intake's replies, as msgspec structs and nothing else."""

from schemas.intake import IntakeReply, OrderResult
from schemas.order import Order, encode_order, faults_of

__all__ = ["IntakeReply", "Order", "OrderResult", "encode_order", "faults_of"]

"""A stand-in for Ongoing's REST API, for the demo and the tests: made-up orders, real HTTP, faults on demand."""

from gateway.workshop.standin.app import create_standin, listening
from gateway.workshop.standin.warehouse import Asked, Fault, User, Warehouse

__all__ = ["Asked", "Fault", "User", "Warehouse", "create_standin", "listening"]

"""`gateway demo`: the gateway, the embedded intake and a stand-in for a vendor's API, and the vendors' samples."""

from gateway.workshop.demo.run import run

__all__ = ["run"]

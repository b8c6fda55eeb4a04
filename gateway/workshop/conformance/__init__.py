"""Trackely's WMS webhook contract as a suite that runs against any implementation, one named check a clause."""

from gateway.workshop.conformance.suite import CLAUSES, ClauseResult, Outcome, SettingsAccess, verify

__all__ = ["CLAUSES", "ClauseResult", "Outcome", "SettingsAccess", "verify"]

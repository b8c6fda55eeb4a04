"""Findings: offline doubts about an order that is sent all the same; docs/findings.md says each with its thresholds."""

from gateway.findings.codes import CODES, SOURCE_CODES, Finding
from gateway.findings.habits import plans_the_receipt_day
from gateway.findings.judging import findings_of

__all__ = ["CODES", "SOURCE_CODES", "Finding", "findings_of", "plans_the_receipt_day"]

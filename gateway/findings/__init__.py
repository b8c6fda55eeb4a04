"""Findings: offline doubts about an order that is sent all the same; docs/findings.md says each with its thresholds."""

from gateway.findings.codes import CODES, Finding
from gateway.findings.habits import Habits
from gateway.findings.judging import findings_of

__all__ = ["CODES", "Finding", "Habits", "findings_of"]

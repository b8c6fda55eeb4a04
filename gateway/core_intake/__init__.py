"""The embedded core intake: Trackely's WMS webhook contract for a demo, a test, a pilot.

It imports nothing of the gateway's other rooms; the gateway speaks to it over HTTP as to any intake.
"""

from gateway.core_intake.app import PATHS, IntakeApp, IntakeLimits, create_intake
from gateway.core_intake.keys import bearer_among, new_secret

__all__ = ["PATHS", "IntakeApp", "IntakeLimits", "bearer_among", "create_intake", "new_secret"]

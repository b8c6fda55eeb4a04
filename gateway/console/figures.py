"""Figures as SVG, drawn here, with their numbers as text."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.console.telling import Row

WIDTH, HEIGHT, GAP = 720, 96, 2


def bars(hours: Sequence[Row], zone: ZoneInfo) -> Row:
    """Two bars an hour, received and delivered: each with its place, its height and its words."""
    most = max((max(each["received"], each["delivered"]) for each in hours), default=0)
    slot = WIDTH / max(1, len(hours))
    width = max(1.0, (slot - GAP) / 2)
    drawn = []
    for place, each in enumerate(hours):
        at = datetime.fromisoformat(each["at"]).astimezone(zone)
        words = f"{at:%H:%M}: {each['received']} received, {each['delivered']} delivered"
        for offset, kind in ((0.0, "received"), (width, "delivered")):
            height = round(HEIGHT * each[kind] / most, 1) if most else 0
            drawn.append({
                "kind": kind, "x": round(place * slot + offset, 1), "y": round(HEIGHT - height, 1),
                "width": round(width - 0.5, 1), "height": height, "words": words,
            })  # fmt: skip
    return {
        "bars": drawn, "width": WIDTH, "height": HEIGHT, "most": most,
        "first": f"{datetime.fromisoformat(hours[0]['at']).astimezone(zone):%H:%M}" if hours else "",
    }  # fmt: skip


def sums(hours: Sequence[Row]) -> Row:
    """What the last hour and the last day were: the present hour and the one before, and all of them."""
    return {kind: sum(each[kind] for each in hours) for kind in ("received", "delivered")}


def by_day(hours: Sequence[Row], zone: ZoneInfo) -> list[Row]:
    """The hours' counts by the day, the newest first; days with nothing are left out."""
    days: dict[str, list[Row]] = {}
    for each in hours:
        if each["received"] or each["delivered"]:
            day = str(datetime.fromisoformat(each["at"]).astimezone(zone).date())
            days.setdefault(day, []).append(each)
    return [{"day": day, **sums(rows)} for day, rows in reversed(days.items())]

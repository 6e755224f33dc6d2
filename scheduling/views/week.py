"""A week of hours drawn as bars, a line a day: now, and what begins later."""

import datetime as dt
from typing import Any

from scheduling.models import WorkingHours
from scheduling.models.hours import WEEKDAYS

_EARLIEST, _LATEST = 7 * 60, 19 * 60


def drawn_week(windows: list[WorkingHours], behind: list[WorkingHours], *, today: dt.date) -> dict[str, Any]:
    """`windows` are drawn; `behind` them lie those of the site, within which a clinician works."""
    times = [_minute(time) for row in (*windows, *behind) for time in (row.opens, row.closes)]
    first = min([_EARLIEST, *times]) // 60 * 60
    last = -(-max([_LATEST, *times]) // 60) * 60

    def bar(row: WorkingHours) -> dict[str, str]:
        opens, closes = _minute(row.opens), _minute(row.closes)
        return {
            "x": f"{100 * (opens - first) / (last - first):.3f}%",
            "width": f"{100 * (closes - opens) / (last - first):.3f}%",
        }

    step = 120 if last - first <= 16 * 60 else 240
    days = [
        {
            "number": number,
            "name": name,
            "behind": [bar(row) for row in behind if row.weekday == number and row.valid_from <= today],
            "windows": [
                {
                    "row": row,
                    "bar": bar(row) if row.valid_from <= today else None,
                    "from": row.valid_from if row.valid_from > today else None,
                    "until": row.valid_until,
                }
                for row in windows
                if row.weekday == number
            ],
            "others": [(other, label) for other, label in WEEKDAYS if other != number],
        }
        for number, name in WEEKDAYS
    ]
    marks = [
        {"at": f"{100 * (minute - first) / (last - first):.3f}%", "hour": minute // 60}
        for minute in range(first + (-first) % step, last, step)
    ]
    return {"days": days, "marks": marks}


def _minute(time: dt.time) -> int:
    return time.hour * 60 + time.minute

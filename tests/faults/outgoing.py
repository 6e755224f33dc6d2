"""Messages that wait to be sent, for tests."""

import datetime as dt
from typing import Any

from clinic import clock
from clinic.models import Message, Patient, Site
from tests.factories import clinic as make

HOUR = dt.timedelta(hours=1)


def site(**fields: Any) -> Site:
    """A site without quiet hours."""
    return make.site(**({"quiet_from": "00:00", "quiet_until": "00:00"} | fields))


def message(*, at: Site, patient: Patient | None = None, about: str = "fact:1", **fields: Any) -> Message:
    """A message that is due."""
    now = clock.now()
    values: dict[str, Any] = {
        "kind": "test.plain",
        "about_rev": 1,
        "idempotency_key": f"{fields.get('kind', 'test.plain')}:{about}:1",
        "planned_for": now - HOUR / 60,
        "next_at": now - HOUR / 60,
        "expires_at": now + 24 * HOUR,
        "created_at": now - HOUR,
    }
    return Message.objects.create(
        site=at, patient=patient or make.patient(), about=about, **(values | fields)
    )


def message_id(row: Message) -> str:
    return f"<{row.pk}@localhost>"

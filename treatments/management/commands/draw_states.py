"""Draws the state tables as diagrams into docs/reference/states.md; `--check` says whether they are up to date."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.enums import MESSAGE_TRANSITIONS, TASK_TRANSITIONS
from scheduling.enums import APPOINTMENT_TRANSITIONS, APPOINTMENT_UNDO, OFFER_TRANSITIONS, WAIT_TRANSITIONS
from treatments.enums import COURSE_TRANSITIONS, ORDER_TRANSITIONS, SESSION_TRANSITIONS, SHEET_TRANSITIONS

TABLES = {
    "Appointment": APPOINTMENT_TRANSITIONS,
    "Appointment, taking back a mis-click": APPOINTMENT_UNDO,
    "Waitlist entry": WAIT_TRANSITIONS,
    "Offer": OFFER_TRANSITIONS,
    "Session": SESSION_TRANSITIONS,
    "Course": COURSE_TRANSITIONS,
    "Answer sheet": SHEET_TRANSITIONS,
    "Order": ORDER_TRANSITIONS,
    "Message": MESSAGE_TRANSITIONS,
    "Task": TASK_TRANSITIONS,
}


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail when the file differs from the tables")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "reference" / "states.md"
        text = drawn()
        if not options["check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError("docs/reference/states.md is out of date: run manage.py draw_states")


def drawn() -> str:
    """All tables as Markdown with one mermaid diagram each."""
    parts = [
        "# States and their moves",
        "",
        "Drawn from the TRANSITIONS tables by `manage.py draw_states`; do not edit.",
    ]
    for name, table in TABLES.items():
        parts += ["", f"## {name}", "", "```mermaid", "stateDiagram-v2"]
        parts += [f"    {status} --> {to}" for status, targets in table.items() for to in sorted(targets)]
        parts += [f"    {status} --> [*]" for status, targets in table.items() if not targets]
        parts += ["```"]
    return "\n".join(parts) + "\n"

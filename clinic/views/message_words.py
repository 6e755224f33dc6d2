"""Words for what a message's row holds as codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import messaging
from clinic.enums import MessageState
from clinic.models import Message, Pause

REASONS: dict[str, str | Promise] = {
    "cancelled": gettext_lazy("The visit was cancelled"),
    "contact_ended": gettext_lazy("The contact no longer gets the mails"),
    "deceased": gettext_lazy("The patient has died"),
    "declined": gettext_lazy("The patient does not want mails of this kind"),
    "erased": gettext_lazy("The record was erased"),
    "expired": gettext_lazy("It could not be sent in time"),
    "moved": gettext_lazy("The visit was moved"),
    "no_address": gettext_lazy("No e-mail address"),
    "no_consent": gettext_lazy("No consent to reminders"),
    "parked": gettext_lazy("Nobody can say whether it arrived. Ask the patient, or send it again"),
    "patient_inactive": gettext_lazy("Nothing is sent to this record any more"),
    "quiet_hours": gettext_lazy("It was due in quiet hours and would have been too late afterwards"),
    "recheck_error": gettext_lazy("It could not be checked whether it is still true"),
    "reconciled": gettext_lazy("Settled from the mail server's log"),
    "refused_by_server": gettext_lazy("The mail server refused it"),
    "render_error": gettext_lazy("Its text could not be filled in"),
    "resent": gettext_lazy("Sent twice, perhaps: the first attempt broke off"),
    "one_a_day": gettext_lazy(
        "The patient had had the mail of that day, and tomorrow would have been too late"
    ),
    "paused": gettext_lazy("It was held back by a pause until it was too late"),
    "set_aside": gettext_lazy("The program broke over it, several times. Please tell whoever looks after it"),
    "superseded": gettext_lazy("A newer message tells it"),
    "too_many_attempts": gettext_lazy("The mail server did not take it, several times over"),
    "visit_changed": gettext_lazy("The visit has changed"),
}


def reason_of(message: Message) -> str:
    """Why it stands as it does; a code that has no words here is shown as words."""
    code = message.reason
    return str(REASONS.get(code, code.replace("_", " ").capitalize())) if code else ""


def kind_of(message: Message) -> str:
    return kind_name(message.kind)


def kind_name(key: str) -> str:
    """The kind's name for staff; its key where no app knows it any more."""
    try:
        return str(messaging.get(key).name)
    except KeyError:
        return key


def scope_of(row: Pause) -> str:
    """What a pause holds, in words."""
    kind = kind_name(row.kind) if row.kind else _("All mails")
    where = row.site.name if row.site else _("everywhere")
    return _("%(kind)s, %(where)s") % {"kind": kind, "where": where}


@dataclass(frozen=True)
class Row:
    """A message as a line of a list."""

    message: Message

    @cached_property
    def kind(self) -> str:
        return kind_of(self.message)

    @cached_property
    def reason(self) -> str:
        return reason_of(self.message)

    @property
    def waits(self) -> bool:
        return self.message.state in (MessageState.PENDING, MessageState.LEASED, MessageState.SENDING)

    @property
    def at(self) -> datetime:
        """When it goes, or when it ended."""
        return self.message.next_at if self.waits else self.message.ended_at or self.message.planned_for


@dataclass(frozen=True)
class Step:
    """One entry of a message's history."""

    at: datetime | None
    title: str
    note: str = ""
    tone: str = ""


def history_of(message: Message) -> Sequence[Step]:
    """What the row knows of its life, in order: planned, due, started, ended, and what comes next."""
    steps = [Step(message.created_at, _("Planned"))]
    state = MessageState(message.state)
    if message.planned_for != message.created_at:
        steps.append(Step(message.planned_for, _("Due")))
    if message.started_at:
        note = _("Attempt %(number)s") % {"number": message.attempts} if message.attempts > 1 else ""
        steps.append(Step(message.started_at, _("Handed to the mail server"), note))
    if state in (MessageState.PENDING, MessageState.LEASED):
        title = _("Goes out") if message.attempts == 0 else _("Is tried again")
        steps.append(Step(message.next_at, title, reason_of(message), "now"))
        return steps
    harm = state in (MessageState.FAILED, MessageState.BOUNCED)
    attention = state in (MessageState.UNCERTAIN, MessageState.MISSED)
    tone = "harm" if harm else "attention" if attention else "now"
    note = " · ".join(
        part
        for part in (
            reason_of(message),
            _("mail server's answer %(code)s") % {"code": message.smtp_code}
            if harm and message.smtp_code
            else "",
        )
        if part
    )
    steps.append(Step(message.ended_at, str(state.label), note, tone))
    return steps

"""One mail for several visits of a patient that were booked, moved or ended in one action: a line for each, when to come.

Neutral like every mail. A visit that changed again since is left out; a mail of which nothing holds is not sent.
"""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from clinic import messaging
from clinic.days import long_day
from clinic.messaging import Attachment, DefaultText, Example, MessageKind
from clinic.models import Message
from clinic.selectors import links as link_reads
from clinic.services import links
from scheduling.enums import AppointmentStatus, Notice
from scheduling.invitations import invitation_to
from scheduling.models import Appointment, NoticeLine
from scheduling.services import knowledge, preparing

PLAN_TEXTS = {
    "en": DefaultText(
        "Your appointments",
        "Hello {first_name},\n\nyour appointments are booked. Please come:\n\n{changes}\n\n"
        "{clinic}, {address}\n\n{bring}\n\n{prepare}\n\n"
        "If a time does not suit you, please call us on {phone}. Then somebody else can have your place.",
        "When to come, where, and what to bring.",
    ),
    "es": DefaultText(
        "Sus citas",
        "Hola {first_name}:\n\nsus citas están reservadas. Venga por favor:\n\n{changes}\n\n"
        "{clinic}, {address}\n\n{bring}\n\n{prepare}\n\n"
        "Si alguna hora no le viene bien, llámenos al {phone}. Así otra persona podrá usar su cita.",
        "Cuándo venir, dónde y qué traer.",
    ),
}
TEXTS = {
    "en": DefaultText(
        "Your appointments have changed",
        "Hello {first_name},\n\nsome of your appointments have changed. Only this counts now:\n\n{changes}\n\n"
        "{clinic}, {address}\n\n{bring}\n\n"
        "If a time does not suit you, please call us on {phone}. Then somebody else can have your place.",
    ),
    "es": DefaultText(
        "Sus citas han cambiado",
        "Hola {first_name}:\n\nalgunas de sus citas han cambiado. Ahora solo vale esto:\n\n{changes}\n\n"
        "{clinic}, {address}\n\n{bring}\n\n"
        "Si alguna hora no le viene bien, llámenos al {phone}. Así otra persona podrá usar su cita.",
    ),
}
_LINES: dict[str, dict[str, str]] = {
    "en": {
        "at": "{day} at {time}",
        Notice.PLAN: "{now}",
        Notice.CONFIRMATION: "New: {now}.",
        Notice.MOVED: "New time: {now} (before: {was}).",
        "moved_blind": "New time: {now}.",
        Notice.CANCELLED: "Cancelled: {was}. You do not need to come.",
    },
    "es": {
        "at": "el {day} a las {time}",
        Notice.PLAN: "{now}",
        Notice.CONFIRMATION: "Nueva cita: {now}.",
        Notice.MOVED: "Nueva hora: {now} (antes: {was}).",
        "moved_blind": "Nueva hora: {now}.",
        Notice.CANCELLED: "Cancelada: {was}. No hace falta que venga.",
    },
}
_FIRST = {"en": "Your first appointment", "es": "Su primera cita"}
_STANDING = (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)


def recheck(messages: Sequence[Message]) -> Mapping[UUID, str]:
    """Mails of which no line holds any more. One query."""
    lines = _standing(messages)
    return {message.pk: "superseded" for message in messages if not lines[message.pk]}


def placeholders(messages: Sequence[Message]) -> Mapping[UUID, Mapping[str, str]]:
    """The lines that hold, in the order of the visits, in the patient's language and the site's zone. One query."""
    found = _standing(messages)
    visits = [row.appointment for lines in found.values() for row in lines]
    begun = preparing.begun(visits)
    plans = [message for message in messages if message.kind == Notice.PLAN and found[message.pk]]
    doors = _links_of_the_first(plans, found)
    return {
        message.pk: _values(message, lines, prepares=any(row.appointment.pk in begun for row in lines))
        | doors.get(message.pk, {})
        for message in messages
        if (lines := found[message.pk])
    }


def invitations(_message: Message, values: Mapping[str, str]) -> Sequence[Attachment]:
    """A calendar file for each visit."""
    return [
        invitation_to(
            visit=one["visit"],
            told_rev=one["rev"],
            start=dt.datetime.fromisoformat(one["start"]),
            end=dt.datetime.fromisoformat(one["end"]),
            address=values["address"],
            is_off=one["off"],
            number=number,
        )
        for number, one in enumerate(json.loads(values[knowledge.SAID]), start=1)
    ]


def register() -> None:
    """Called once at start-up."""
    messaging.register_wider(mails_with)
    messaging.describe(
        {
            "changes": Example(
                _("one line for each visit"),
                {
                    "en": "New time: Tuesday, 24 November 2026 at 09:30.\nCancelled: Tuesday, 1 December 2026 at 09:30. You do not need to come.",
                    "es": "Nueva hora: el martes, 24 de noviembre de 2026 a las 09:30.\nCancelada: el martes, 1 de diciembre de 2026 a las 09:30. No hace falta que venga.",
                },
            )
        }
    )
    registered = (
        (
            Notice.SEVERAL,
            TEXTS,
            _("Several visits changed"),
            _("Tells in one mail what became of several visits."),
            _("Three minutes after they were moved or cancelled together."),
        ),
        (
            Notice.PLAN,
            PLAN_TEXTS,
            _("Several visits booked"),
            _("Confirms in one mail all visits that were booked together, such as those of a course."),
            _("Three minutes after booking."),
        ),
    )
    for key, texts, name, purpose, timing in registered:
        messaging.register(
            MessageKind(
                key=key,
                name=name,
                purpose=purpose,
                timing=timing,
                texts=texts,
                recheck=recheck,
                placeholders=placeholders,
                attachments=invitations,
                needs_consent=False,
                counts=False,
                button=_FIRST if key == Notice.PLAN else {},
                secrets=frozenset({"button_url"}),
            )
        )


def mails_with(about: str) -> Collection[str]:
    """The mails about several visits that tell of this one too, for the page that lists the mails of a visit."""
    kind, _colon, key = about.partition(":")
    try:
        visit = UUID(key) if kind == "appointment" else None
    except ValueError:
        return ()
    rows = NoticeLine.objects.filter(appointment=visit) if visit else NoticeLine.objects.none()
    return list(rows.values_list("about", flat=True))


def _standing(messages: Sequence[Message]) -> dict[UUID, list[NoticeLine]]:
    """The lines of each mail that still tell how things are, by when the visit is or was to be."""
    rows = NoticeLine.objects.filter(about__in={message.about for message in messages})
    by_mail: dict[str, list[NoticeLine]] = defaultdict(list)
    for row in rows.select_related("appointment__site", "appointment__visit_type"):
        by_mail[row.about].append(row)
    return {
        message.pk: sorted(
            (row for row in by_mail[message.about] if _holds(row, message)),
            key=lambda row: row.appointment.period.lower,
        )
        for message in messages
    }


def _holds(row: NoticeLine, message: Message) -> bool:
    visit = row.appointment
    wanted = (AppointmentStatus.CANCELLED,) if row.kind == Notice.CANCELLED else _STANDING
    return (
        visit.patient_id == message.patient_id and visit.told_rev == row.told_rev and visit.status in wanted
    )


def _values(message: Message, lines: Sequence[NoticeLine], *, prepares: bool) -> dict[str, str]:
    site = lines[0].appointment.site
    standing = [row.appointment for row in lines if row.kind != Notice.CANCELLED]
    return {
        "first_name": message.patient.given_name,
        "changes": "\n\n".join(_line(row, message) for row in lines),
        "clinic": site.sender_name,
        "address": site.address,
        "phone": site.phone,
        "bring": "\n".join(dict.fromkeys(visit.visit_type.bring for visit in standing)),
        "prepare": preparing.prompt(message.patient.language, site.phone) if prepares else "",
        # For the calendar files, and for what the patient then knows; never shown.
        knowledge.SAID: json.dumps([_said(row) for row in lines]),
    }


def _links_of_the_first(
    plans: Sequence[Message], found: Mapping[UUID, Sequence[NoticeLine]]
) -> dict[UUID, dict[str, str]]:
    """The button of a plan opens the page of its first visit, which leads to nothing else. One query, where there is a plan."""
    firsts = {message.pk: knowledge.about(found[message.pk][0].appointment) for message in plans}
    rows = link_reads.of_facts(purpose=knowledge.DOOR, about=set(firsts.values())) if firsts else []
    doors = {(row.about, row.patient_id, row.contact_id): row for row in rows}
    buttons: dict[UUID, dict[str, str]] = {}
    for message in plans:
        link = doors.get((firsts[message.pk], message.patient_id, message.contact_id))
        if link is not None:
            label = _FIRST.get(message.patient.language, _FIRST["en"])
            buttons[message.pk] = {"button_url": links.address_of(link), "button_label": label}
    return buttons


def _line(row: NoticeLine, message: Message) -> str:
    language = message.patient.language if message.patient.language in _LINES else "en"
    words = _LINES[language]
    kind = "moved_blind" if row.kind == Notice.MOVED and row.was is None else row.kind
    if message.kind == Notice.PLAN:
        kind = Notice.PLAN
    start: dt.datetime = row.appointment.period.lower
    now = _at(start, row.appointment, language)
    return words[kind].format(now=now, was=_at(row.was or start, row.appointment, language))


def _at(instant: dt.datetime, visit: Appointment, language: str) -> str:
    local = instant.astimezone(visit.site.zone)
    with translation.override(language):
        day = long_day(local, comma=True)
    return _LINES[language]["at"].format(day=day, time=f"{local:%H:%M}")


def _said(row: NoticeLine) -> dict[str, str | int | bool]:
    """A cancelled visit's calendar entry stands where the patient last knew it to be."""
    period, is_off = row.appointment.period, row.kind == Notice.CANCELLED
    start = (row.was if is_off else None) or period.lower
    said = knowledge.saying(
        visit=str(row.appointment_id), told_rev=row.told_rev, start=start.astimezone(dt.UTC), is_off=is_off
    )
    return said | {"end": (start + (period.upper - period.lower)).astimezone(dt.UTC).isoformat()}

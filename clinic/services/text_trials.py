"""Words that are being edited, filled in: with invented data, or with those of a mail that a patient was sent.

What is shown or sent here acts for nobody: links of patients are masked, and nothing is written to the outbox.
"""

import datetime as dt
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, mailing, messaging
from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import Conflict, InvalidInput
from clinic.ids import new_id
from clinic.mailing import Rendered, Words
from clinic.messaging import DefaultText, MessageKind
from clinic.models import AuditEvent, Message, Site, User
from clinic.permissions import check
from clinic.policies.mail_words import Problem
from clinic.services import drafts, texts
from clinic.services.texts import TextRefused
from clinic.smtp import Channel, Outcome, Unreachable
from clinic.transactions import use_case

TEST_HEADER = "X-Clinic-Test"
_MARK = {"en": "[Test] ", "es": "[Prueba] "}
_ONE_LOOK = dt.timedelta(minutes=15)
"""Previews while somebody types are one look into a patient's data, not a hundred."""


@dataclass(frozen=True)
class Trial:
    """A text as it would read; `whose` says whose data fill it, empty for invented ones."""

    rendered: Rendered
    preheader: str
    whose: str = ""


def trial(
    *, by: Staff, kind: str, language: str, words: DefaultText, site: Site, record_number: str = ""
) -> Trial:
    """These words filled in, for the page. With a record number: with the data of that patient's latest mail of this kind.

    Raises TextRefused where the words cannot be filled in, InvalidInput where that patient has had no such mail here.
    What else is wrong with them does not keep them from being shown.
    """
    check(by, Permission.MANAGE_MESSAGES)
    known = texts.kind_named(kind)
    words = texts.tidied(words)
    values: Mapping[str, str] = invented(known, language, site)
    whose = ""
    if record_number.strip():
        message = _open_sample(by=by, kind=kind, record_number=record_number)
        values, whose = _values_of(message), message.patient.full_name
    return Trial(
        _filled(known, language, words, values), words.preheader or mailing.preheader_of(values), whose
    )


def send_test(
    *, by: Staff, kind: str, language: str, words: DefaultText, site: Site, record_number: str = ""
) -> str:
    """Send these words to the writer's own address, marked as a test; returns the address.

    Only words that could be saved are sent. Conflict where the mail server does not take it: nothing was sent then.
    """
    if wrong := texts.problems(texts.kind_named(kind), words):
        raise TextRefused(wrong)
    made = trial(by=by, kind=kind, language=language, words=words, site=site, record_number=record_number)
    address = _recorded(by=by, kind=kind, language=language)
    mark = _MARK.get(language, _MARK["en"])
    marked = Rendered(mark + made.rendered.subject, made.rendered.text, made.rendered.html)
    envelope = mailing.envelope(
        marked, key=new_id(), site=site, recipient=address, headers={TEST_HEADER: f"{kind} {language}"}
    )
    try:
        with closing(Channel()) as channel:
            channel.connect()
            result = channel.send(envelope)
    except Unreachable:
        raise Conflict(
            _("The mail server cannot be reached now. Nothing was sent; try again later.")
        ) from None
    if result.outcome != Outcome.ACCEPTED:
        raise Conflict(_("The mail server did not take the test mail."))
    return address


def invented(kind: MessageKind, language: str, site: Site) -> dict[str, str]:
    """A value for each placeholder of the kind, of nobody."""
    values = {
        name: messaging.example(name).value(language).replace("+49 30 5550100", site.phone)
        for name in sorted(messaging.known_placeholders(kind))
    }
    button = kind.button.get(language) or kind.button.get(drafts.FALLBACK_LANGUAGE, "")
    values |= {"button_url": messaging.MASK, "button_label": button} if button else {}
    return values | {"clinic_name": site.sender_name, "clinic": site.sender_name, "phone": site.phone}


def _filled(kind: MessageKind, language: str, words: DefaultText, values: Mapping[str, str]) -> Rendered:
    if unfit := [name for name in ("subject", "body") if not _fits(name, words, values)]:
        wrong = [problem for problem in texts.problems(kind, words) if problem.field in unfit]
        raise TextRefused(
            wrong
            or [Problem(unfit[0], _("The mail that was chosen has no value for one of the placeholders."))]
        )
    return mailing.render(
        Words(
            language=language,
            subject=messaging.fill(words.subject, values),
            body=messaging.fill(words.body, values),
            button_url=values.get("button_url", ""),
            button_label=values.get("button_label", ""),
            preheader=words.preheader,
        ),
        site=values,
    )


def _fits(field: str, words: DefaultText, values: Mapping[str, str]) -> bool:
    try:
        messaging.fill(getattr(words, field), values)
    except messaging.TextError:
        return False
    return True


@use_case
def _open_sample(*, by: Staff, kind: str, record_number: str) -> Message:
    """The latest mail of this kind to that patient at the person's sites; the event says who looked."""
    rows = Message.objects.filter(
        kind=kind, patient__record_number__iexact=record_number.strip(), site_id__in=by.site_ids
    )
    message = rows.select_related("patient", "contact", "site", "text").order_by("-created_at").first()
    if message is None or not message.patient.is_active:
        raise InvalidInput(
            _("No patient with this record number was ever to get this mail at your sites."), field="sample"
        )
    if not _looked_just_now(message.pk, by):
        audit.record("clinic.message.viewed", by=by, about=[message], detail={"for": "text"})
    return message


def _looked_just_now(message_id: UUID, by: Staff) -> bool:
    events = AuditEvent.objects.filter(
        subject_type="clinic.message", subject_key=str(message_id), at__gt=clock.now() - _ONE_LOOK
    )
    return events.filter(action="clinic.message.viewed", actor_key=by.key).exists()


def _values_of(message: Message) -> Mapping[str, str]:
    """As the facts are now; where they cannot be filled in any more, as they were sent."""
    made = drafts.make([message]).get(message.pk)
    if made is not None:
        return messaging.masked(message.kind, made.values)
    if message.snapshot is not None:
        return {str(name): str(value) for name, value in message.snapshot["placeholders"].items()}
    raise InvalidInput(_("What this patient’s mail spoke of is gone. Choose another one."), field="sample")


@use_case
def _recorded(*, by: Staff, kind: str, language: str) -> str:
    check(by, Permission.MANAGE_MESSAGES)
    audit.record("clinic.message_text.test_sent", by=by, detail={"kind": kind, "language": language})
    return User.objects.get(pk=by.user_id).email

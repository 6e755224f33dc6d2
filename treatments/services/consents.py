"""Consent texts and the consents given under them. A text is never changed: a new version follows it."""

import datetime as dt
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import Conflict, DomainError, IllegalMove, InvalidInput, NotFound
from clinic.models import Contact
from clinic.permissions import check
from clinic.transactions import explain_constraint, use_case
from treatments.consent_words import DEFAULTS
from treatments.data import SignatureData
from treatments.enums import ConsentMethod
from treatments.models import (
    Consent,
    ConsentPage,
    ConsentText,
    ConsentWithdrawal,
    Course,
    Session,
)
from treatments.policies import consents as policy
from treatments.selectors import screening as reads
from treatments.services import reading, screening

EDIT = Permission.EDIT_CONSENT_TEXT
_CLOCK_TOLERANCE = dt.timedelta(minutes=5)


def _written_meanwhile() -> DomainError:
    return Conflict(_("Somebody else has just written a new version. Read it, then write yours."))


explain_constraint("one_consent_text_per_number", _written_meanwhile)


@use_case
def write_text(
    *, by: Actor, site_id: UUID, language: str, title: str, body: str, based_on: int | None = None
) -> ConsentText:
    """A new version of the site's text in one language. Consents given under earlier ones stand as they were read.

    `based_on`: the number that the writer had before them; Conflict when a newer one is there.
    """
    check(by, EDIT, site_id=site_id)
    if not title.strip() or not body.strip() or "\x00" in title + body:
        raise InvalidInput(_("A consent text has a title and words."), field="body")
    last = ConsentText.objects.filter(site_id=site_id, language=language).aggregate(last=Max("number"))[
        "last"
    ]
    if based_on is not None and based_on != (last or 0):
        raise _written_meanwhile()
    row = ConsentText.objects.create(
        site_id=site_id,
        language=language,
        number=(last or 0) + 1,
        title=title.strip(),
        body=body.strip(),
        written_by_id=reading.person(by),
        written_at=clock.now(),
    )
    audit.record(
        "treatments.consent_text.written",
        by=by,
        about=[row],
        detail={"language": language, "number": row.number},
    )
    return row


@use_case
def create_defaults(*, by: Actor, site_id: UUID) -> None:
    """The texts that a new site starts with, to be read and rewritten by its physician. Those there stay."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    there = set(ConsentText.objects.filter(site_id=site_id).values_list("language", flat=True))
    ConsentText.objects.bulk_create(
        ConsentText(
            site_id=site_id, language=language, number=1, title=title, body=body, written_at=clock.now()
        )
        for language, (title, body) in DEFAULTS.items()
        if language not in there
    )


@use_case
def give(*, by: Actor, course_id: UUID, text_id: UUID, signature: SignatureData) -> Consent:
    """Record a consent: by the patient, or a contact who may sign for them.

    Raises InvalidInput for a signature that is none, Conflict for a text that is not the newest of its language, or
    a contact without the right.
    """
    session_ids = Session.objects.filter(course_id=course_id).values_list("pk", flat=True)
    locks.take(course=[course_id], session=list(session_ids))
    course = reading.course(course_id, by=by, permission=Permission.RECORD_CLINICAL)
    if course.ended_at is not None:
        raise IllegalMove(_("This course has ended: nothing is consented to any more."))
    text = _text(text_id, course)
    signer, role, contact = _signer(signature, course)
    given_at = signature.given_at or clock.now()
    if given_at > clock.now() + _CLOCK_TOLERANCE:
        raise InvalidInput(_("The consent was not given in the future."), field="given_at")
    drawn = (
        policy.strokes(signature.strokes)
        if signature.method == ConsentMethod.DRAWN and signature.strokes
        else None
    )
    policy.check_method(
        signature.method, drawn=drawn is not None, witness=signature.witness, page=bool(signature.page)
    )
    kind = policy.page_type(signature.page) if signature.page else ""
    row = Consent.objects.create(
        site_id=course.site_id,
        course=course,
        text=text,
        contact=contact,
        signer=signer,
        signer_role=role,
        method=signature.method,
        strokes=drawn,
        witness=signature.witness.strip(),
        interpreter=signature.interpreter.strip(),
        given_at=given_at,
        recorded_by_id=reading.person(by),
        recorded_at=clock.now(),
    )
    if signature.page:
        ConsentPage.objects.create(consent=row, content=signature.page, content_type=kind)
    audit.record(
        "treatments.consent.given",
        by=by,
        about=[row],
        patient_id=course.patient_id,
        detail={"method": signature.method, "text": text.pk.hex, "by_contact": contact is not None},
    )
    return row


@use_case
def withdraw(*, by: Actor, consent_id: UUID, reason: str) -> None:
    """The consent ends now. Cleared sessions of the course are not cleared any more."""
    row = Consent.objects.filter(pk=consent_id).select_related("course").first()
    if row is None:
        raise NotFound(_("There is no such consent at your site."))
    session_ids = Session.objects.filter(course_id=row.course_id).values_list("pk", flat=True)
    locks.take(course=[row.course_id], session=list(session_ids))
    reading.course(row.course_id, by=by, permission=Permission.RECORD_CLINICAL)
    if ConsentWithdrawal.objects.filter(consent=row).exists():
        raise IllegalMove(_("This consent was withdrawn already."))
    if not reason.strip() or len(reason) > 300 or "\x00" in reason:
        raise InvalidInput(_("Write down what was said, in at most 300 letters."), field="reason")
    ConsentWithdrawal.objects.create(
        consent=row, reason=reason.strip(), recorded_by_id=reading.person(by), withdrawn_at=clock.now()
    )
    audit.record("treatments.consent.withdrawn", by=by, about=[row], patient_id=row.course.patient_id)
    cleared = Session.objects.filter(course_id=row.course_id)
    screening.take_back_clearance(list(reads.with_context(cleared)), by=by)


def _text(text_id: UUID, course: Course) -> ConsentText:
    text = ConsentText.objects.filter(pk=text_id, site_id=course.site_id).first()
    if text is None:
        raise NotFound(_("There is no such consent text at your site."))
    newer = ConsentText.objects.filter(site_id=course.site_id, language=text.language, number__gt=text.number)
    if newer.exists():
        raise Conflict(_("The text has a new version. Read that one with the patient, then sign."))
    return text


def _signer(signature: SignatureData, course: Course) -> tuple[str, str, Contact | None]:
    if signature.contact_id is None:
        return course.patient.full_name, "", None
    contact = Contact.objects.filter(
        pk=signature.contact_id, patient_id=course.patient_id, ended_at=None, may_sign=True
    ).first()
    if contact is None:
        raise Conflict(_("This person may not sign for the patient. The patient's page says who may."))
    return contact.name, contact.relationship, contact

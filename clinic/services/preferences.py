"""What a person wants to be written to about, in which language, and how the clinic should reach them.

A patient and a contact who gets the mails decide for themselves, through a link or by telling the desk. A decline
ends no planned mail: it is asked just before each is started. What a sender holds and has not started goes back into
the line, so that nothing declined is started after the commit; and who changes their mind in time has missed nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from clinic import audit, clock, locks, messaging
from clinic.actors import Actor, Contact, Patient
from clinic.enums import Channel, MessageState, Permission
from clinic.exceptions import IllegalMove, InvalidInput, NotFound
from clinic.models import Contact as ContactRow
from clinic.models import Decline, Message
from clinic.models import Patient as PatientRow
from clinic.permissions import check
from clinic.selectors import preferences as reads
from clinic.transactions import use_case

PREFERENCES = "clinic.preferences"
"""Purpose of the links to the person's own page."""
GROUPS = frozenset(messaging.GROUPS)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose: the groups that they want by mail. Channel and language are the patient's alone to choose;
    None leaves them as they are."""

    wanted: frozenset[str]
    channel: str | None = None
    language: str | None = None


@use_case
def choose(*, by: Actor, patient_id: UUID, choice: Choice, contact_id: UUID | None = None) -> PatientRow:
    """Write down what a person wants. The same choice twice changes nothing.

    A patient who has not agreed to be written to agrees by wanting any group; a contact cannot agree for them. Raises
    NotFound for somebody else's, InvalidInput for what there is not, IllegalMove for a closed record.
    """
    patient = _locked(patient_id, contact_id, by=by)
    if not choice.wanted <= GROUPS:
        raise InvalidInput(_("There is no such kind of mail."), field="wanted")
    before = reads.of_person((patient_id, contact_id))
    # Who has agreed to nothing declines nothing by leaving it so: they may agree later.
    says_something = patient.reminders_consent or bool(choice.wanted) or contact_id is not None
    changed = _decline(patient, contact_id, (GROUPS - choice.wanted) - before) if says_something else []
    changed += _accept(patient, contact_id, before & choice.wanted)
    if contact_id is None:
        changed += _write(patient, choice)
    if changed:
        audit.record(
            "clinic.preferences.chosen",
            by=by,
            about=[patient],
            patient_id=patient_id,
            detail={
                "contact": str(contact_id) if contact_id else None,
                "declined": sorted(GROUPS - choice.wanted),
                "changed": sorted(changed),
            },
        )
    return patient


@use_case
def decline(*, by: Actor, patient_id: UUID, group: str, contact_id: UUID | None = None) -> bool:
    """No mails of this group any more. Whether that is new: asked twice, it is declined once."""
    patient = _locked(patient_id, contact_id, by=by)
    if group not in GROUPS:
        raise InvalidInput(_("There is no such kind of mail."), field="group")
    new = _decline(patient, contact_id, {group} - reads.of_person((patient_id, contact_id)))
    if new:
        _note("declined", patient, contact_id, group, by=by)
    return bool(new)


@use_case
def accept(*, by: Actor, patient_id: UUID, group: str, contact_id: UUID | None = None) -> bool:
    """Mails of this group again. Whether that is new."""
    patient = _locked(patient_id, contact_id, by=by)
    again = _accept(patient, contact_id, {group})
    if again:
        _note("accepted", patient, contact_id, group, by=by)
    return bool(again)


def _locked(patient_id: UUID, contact_id: UUID | None, *, by: Actor) -> PatientRow:
    """The patient, locked, once it is clear that the choice is this actor's to make."""
    _check_right(patient_id, contact_id, by)
    locks.take(patient=[patient_id])
    patient = PatientRow.objects.filter(pk=patient_id).first()
    if patient is None:
        raise NotFound(_("There is no such patient."))
    if not patient.is_active:
        raise IllegalMove(_("Nothing is sent to this record any more."))
    if contact_id is not None:
        contact = ContactRow.objects.filter(pk=contact_id, patient=patient_id, ended_at=None).first()
        if contact is None:
            raise NotFound(_("There is no such contact."))
    return patient


def _check_right(patient_id: UUID, contact_id: UUID | None, by: Actor) -> None:
    if isinstance(by, Patient):
        mine = by.patient_id == patient_id and contact_id is None
    elif isinstance(by, Contact):
        mine = by.contact_id == contact_id
    else:
        check(by, Permission.EDIT_PATIENTS)
        return
    if not mine:
        raise NotFound(_("There is no such patient."))


def _decline(patient: PatientRow, contact_id: UUID | None, groups: Collection[str]) -> list[str]:
    if not groups:
        return []
    Decline.objects.bulk_create(
        (
            Decline(patient=patient, contact_id=contact_id, group=group, declined_at=clock.now())
            for group in sorted(groups)
        ),
        ignore_conflicts=True,
    )
    held = Message.objects.filter(patient=patient, contact=contact_id, state=MessageState.LEASED)
    held.update(state=MessageState.PENDING, lease_token=None, lease_until=None)
    return list(groups)


def _accept(patient: PatientRow, contact_id: UUID | None, groups: Collection[str]) -> list[str]:
    rows = Decline.objects.filter(
        patient=patient, contact=contact_id, group__in=groups, channel=Channel.EMAIL
    )
    gone = list(rows.values_list("group", flat=True))
    rows.delete()
    return gone


def _write(patient: PatientRow, choice: Choice) -> list[str]:
    """Channel, language, and the consent that wanting mails gives. Returns the names of what changed."""
    wished: dict[str, object] = {}
    if choice.channel is not None:
        if choice.channel not in Channel.values:
            raise InvalidInput(_("There is no such way to reach anybody."), field="channel")
        wished["preferred_channel"] = choice.channel
    if choice.language is not None:
        if choice.language not in dict(settings.LANGUAGES):
            raise InvalidInput(_("We do not write in that language."), field="language")
        wished["language"] = choice.language
    if choice.wanted and not patient.reminders_consent:
        wished["reminders_consent"] = True
    changed = [name for name, value in wished.items() if getattr(patient, name) != value]
    if changed:
        for name in changed:
            setattr(patient, name, wished[name])
        if "reminders_consent" in changed:
            patient.reminders_consent_at = clock.now()
        patient.version += 1
        patient.save(update_fields=[*changed, "reminders_consent_at", "version"])
    return changed


def _note(what: str, patient: PatientRow, contact_id: UUID | None, group: str, *, by: Actor) -> None:
    detail: audit.Detail = {"group": group, "contact": str(contact_id) if contact_id else None}
    audit.record(f"clinic.preferences.{what}", by=by, about=[patient], patient_id=patient.pk, detail=detail)

"""Links for patients and contacts: issued with a fact, proved by the birth date, revoked with the fact.

A link's secret is derived from its row each time a mail is rendered and stored nowhere; only its hash is kept.
Opening one changes nothing: mail scanners open every link. What a link may do, its door's pages say.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import audit, clock, doors, tokens
from clinic.actors import Actor, Contact, Patient
from clinic.enums import Permission, Role, TaskState
from clinic.exceptions import NotFound
from clinic.ids import new_id
from clinic.models import Link, Task
from clinic.models.link import MOST_TRIES
from clinic.permissions import check
from clinic.services import tasks
from clinic.transactions import use_case

LOCKED_TASK = "link_locked"
_CALL_WITHIN = dt.timedelta(hours=4)


class Proof(StrEnum):
    """What came of a birth date that was given."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


def token_of(link: Link) -> str:
    """The secret of the link's address."""
    return tokens.derived("link", link.purpose, link.pk)


def address_of(link: Link) -> str:
    """The whole address, for a mail."""
    return settings.PUBLIC_URL + reverse("clinic:link", args=[token_of(link)])


def actor_of(link: Link) -> Patient | Contact:
    """Who acts through this link."""
    if link.contact_id is not None:
        return Contact(link.contact_id, link.pk)
    return Patient(link.patient_id, link.pk)


@use_case
def issue(
    *,
    by: Actor,
    purpose: str,
    about: str,
    site_id: UUID,
    patient_id: UUID,
    until: dt.datetime,
    contact_ids: Sequence[UUID | None] = (None,),
) -> list[Link]:
    """One link a person (None is the patient) about this fact; where one stands already it lasts until the later hour.

    Two at once are settled by the database's unique index: both get the same link.
    """
    check(by, Permission.VIEW_PATIENTS, site_id=site_id)
    doors.get(purpose)
    rows = [build(purpose, about, site_id, patient_id, contact_id, until) for contact_id in contact_ids]
    Link.objects.bulk_create(rows, ignore_conflicts=True)
    standing = Link.objects.filter(purpose=purpose, about=about, revoked_at=None)
    standing.filter(expires_at__lt=until).update(expires_at=until)
    audit.record(
        "clinic.link.issued",
        by=by,
        patient_id=patient_id,
        site_id=site_id,
        detail={"purpose": purpose, "about": about},
    )
    return list(standing)


def lay_out(rows: Sequence[Link]) -> None:
    """Inner step of a use case that has checked its right: write links made by `build`, unless they stand already.

    One statement, for mails that are planned many at once.
    """
    Link.objects.bulk_create(rows, ignore_conflicts=True)


def last_until(*, purpose: str, about: str, until: dt.datetime) -> None:
    """Inner step: the links about a fact that has moved end when it does."""
    Link.objects.filter(purpose=purpose, about=about, revoked_at=None).update(expires_at=until)


@use_case
def revoke(*, by: Actor, purpose: str, about: Collection[str], reason: str) -> int:
    """From now on these links open nothing, for ever; `reason` is a code. Returns how many."""
    rows = Link.objects.filter(purpose=purpose, about__in=about, revoked_at=None)
    count = rows.update(revoked_at=clock.now(), reason=reason)
    if count:
        detail: audit.Detail = {"purpose": purpose, "about": sorted(about), "reason": reason, "count": count}
        audit.record("clinic.link.revoked", by=by, detail=detail)
    return count


@use_case
def prove(*, by: Actor, link_id: UUID, birth_date: dt.date | None) -> Proof:
    """Compare a birth date with the patient's; after MOST_TRIES wrong ones in a row the link is locked.

    The try is taken first, in one statement that the database lets one writer at a time past: however many guess at
    once, no more than MOST_TRIES dates are compared. A lock makes a task for the front desk.
    """
    if not _take_a_try(link_id):
        return Proof.LOCKED
    link = Link.objects.select_related("patient").get(pk=link_id)
    if birth_date == link.patient.birth_date:
        Link.objects.filter(pk=link_id).update(tries=0)
        audit.record("clinic.link.proved", by=by, about=[link])
        return Proof.RIGHT
    audit.record("clinic.link.wrong_birth_date", by=by, about=[link], detail={"tries": link.tries})
    if link.tries < MOST_TRIES:
        return Proof.WRONG
    _ask_for_help(link, by=by)
    return Proof.LOCKED


@use_case
def unlock(*, by: Actor, link_id: UUID) -> Link:
    """Let the patient try again, after a member of staff has spoken to them."""
    link = Link.objects.filter(pk=link_id).first()
    if link is None:
        raise NotFound(_("There is no such link."))
    check(by, Permission.EDIT_PATIENTS, site_id=link.site_id)
    if Link.objects.filter(pk=link_id, tries__gte=MOST_TRIES).update(tries=0):
        audit.record("clinic.link.unlocked", by=by, about=[link])
        waiting = Task.objects.filter(kind=LOCKED_TASK, about=f"link:{link_id}", state=TaskState.OPEN)
        for task_id in waiting.values_list("pk", flat=True):
            tasks.finish(by=by, task_id=task_id, outcome=_("May try again."))
    return link


def _take_a_try(link_id: UUID) -> bool:
    open_ones = Link.objects.filter(
        pk=link_id, tries__lt=MOST_TRIES, revoked_at=None, expires_at__gt=clock.now()
    )
    return bool(open_ones.update(tries=F("tries") + 1))


def _ask_for_help(link: Link, *, by: Actor) -> None:
    tasks.open_task(
        by=by,
        site_id=link.site_id,
        kind=LOCKED_TASK,
        title=_("Call: five wrong birth dates, the link in the mail is locked"),
        role=Role.FRONT_DESK,
        due_at=clock.now() + _CALL_WITHIN,
        patient_id=link.patient_id,
        about=f"link:{link.pk}",
    )


def build(
    purpose: str, about: str, site_id: UUID, patient_id: UUID, contact_id: UUID | None, until: dt.datetime
) -> Link:
    """A row that is not written yet, with the hash of its secret."""
    link = Link(
        pk=new_id(),
        site_id=site_id,
        patient_id=patient_id,
        contact_id=contact_id,
        purpose=purpose,
        about=about,
        created_at=clock.now(),
        expires_at=until,
    )
    link.token_hash = tokens.digest(token_of(link))
    return link

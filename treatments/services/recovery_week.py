"""The recovery week of a session: its mails and its link, planned with the injection; and whom a person has to ask.

The periodic job `follow_due` may run twice, late, or by two at once: the lock on the session lets one through at a time,
and each day's task exists once, also after somebody has closed it.
"""

import datetime as dt
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock, locks
from clinic.actors import Actor, System
from clinic.enums import Role, TaskState
from clinic.models import Contact, Task
from clinic.services import links, outbox, tasks
from clinic.transactions import use_case
from treatments.models import Session
from treatments.policies import recovery
from treatments.selectors import check_ins as reads
from treatments.selectors import duty as duty_reads
from treatments.selectors.check_ins import Wanted
from treatments.services.asking import reached_by_mail
from treatments.services.check_ins import ASKING, CALL, SILENT
from treatments.services.red_flags import about

DOOR: Final = "treatments.check_in"
"""Purpose of the links."""
_SILENT_FOR: Final = dt.timedelta(days=3)


def plan(session: Session, *, corrected: bool, by: Actor) -> None:
    """Inner step of recording the first injection, or of correcting its day: the mails, and the link behind them.

    The link lasts as long as the advice on red flags. It is issued to the patient, and to contacts who get the mails and
    may hear details; also where no mail is due, so that the clinic can hand it out.
    """
    patient, version = session.course.patient, session.course.protocol_version
    days = version.recovery_days
    if corrected:
        outbox.cancel(about=[recovery.about(session.pk, day) for day in days], by=by, reason="day_corrected")
    if not patient.is_active or not days:
        return
    injected, site = session.injected_at or clock.now(), session.site
    last = injected.astimezone(site.zone).date() + dt.timedelta(
        days=version.clinical.recovery.red_flag_days + 1
    )
    until = clock.local(last, dt.time(0), site.zone)
    if until > clock.now():
        beside = Contact.objects.filter(
            patient=patient, gets_mails=True, may_hear_details=True, ended_at=None
        ).exclude(email="")
        links.issue(
            by=by,
            purpose=DOOR,
            about=about(session.pk),
            site_id=site.pk,
            patient_id=patient.pk,
            until=until,
            contact_ids=[None, *beside.values_list("pk", flat=True)],
        )
    week = recovery.week(injected, days=days, zone=site.zone, quiet_from=site.quiet_from, now=clock.now())
    outbox.plan(
        [
            outbox.Plan(
                kind=mail.kind,
                about=recovery.about(session.pk, mail.day),
                about_rev=session.version,
                patient_id=patient.pk,
                site_id=site.pk,
                due=mail.due,
                expires=mail.expires,
            )
            for mail in week
        ],
        by=by,
    )


def follow_due(*, by: System) -> int:
    """Ask by phone who gets no mail, on each day of their protocol; and, once, who said nothing when the week was over.

    One transaction a session. Returns how many tasks were opened. Of patients who have died nothing is asked any
    more, and what was open is dropped; a course that was discontinued after the session is still followed.
    """
    now = clock.now()
    opened = sum(_follow(session_id=one.session.pk, by=by) for one in reads.wanted(now=now))
    for task_id in reads.asked_in_vain(ASKING):
        _drop(task_id=task_id, by=by)
    return opened


@use_case
def _follow(*, session_id: UUID, by: System) -> bool:
    locks.take(session=[session_id])
    found = list(reads.wanted(now=clock.now(), session_id=session_id))
    return sum(_ask(one, by=by) for one in found) > 0


def _ask(one: Wanted, *, by: System) -> bool:
    session = one.session
    by_mail = reached_by_mail(session.course.patient)
    if by_mail != one.is_over:
        return False  # who gets mails is asked by a person only when the last one was not answered
    kind = SILENT if by_mail else CALL
    key = f"{about(session.pk)}:silent" if by_mail else recovery.about(session.pk, one.day)
    if Task.objects.filter(kind=kind, about=key).exists():
        return False
    now = clock.now()
    on = duty_reads.house_only(session.site, now=now)
    tasks.open_task(
        by=by,
        site_id=session.site_id,
        kind=kind,
        title=_("No word for a week after the visit: a friendly call")
        if by_mail
        else _("Call and ask how the days after the visit go: no mail reaches this patient"),
        role=Role.NURSE,
        due_at=now + _SILENT_FOR if by_mail else on.ends(now) or now + dt.timedelta(hours=8),
        patient_id=session.course.patient_id,
        about=key,
    )
    return True


@use_case
def _drop(*, task_id: UUID, by: System) -> None:
    if Task.objects.filter(pk=task_id, state=TaskState.OPEN).exists():
        tasks.drop(by=by, task_id=task_id)

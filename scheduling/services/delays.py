"""Telling patients who are not here yet that we run late. Nothing moves by itself: the plan stays the plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import MessageState, Permission
from clinic.exceptions import IllegalMove, NotFound
from clinic.models import Message, Site
from clinic.permissions import check
from clinic.services import outbox
from clinic.services.outbox import Plan
from clinic.transactions import use_case
from scheduling.models import Appointment
from scheduling.selectors import delays, visits
from scheduling.selectors.delays import News

BY_PHONE = "told_by_phone"


@dataclass(frozen=True, slots=True)
class Telling:
    """Who was told by mail, and who has to be phoned since no mail can reach them."""

    mailed: Sequence[News]
    to_phone: Sequence[News]


@use_case
def tell(*, site_id: UUID, by: Actor) -> Telling:
    """Mail everybody who is due their likely start, once for each change of ten minutes. No allocation moves.

    Of two who press at once the second finds nobody left to tell. Nobody is marked as told whom no mail reaches:
    they stay on the list of those to phone.
    """
    check(by, Permission.RUN_BOARD, site_id=site_id)
    site = Site.objects.get(pk=site_id)
    keys = {news.visit.pk for news in _due(site)}
    locks.take(appointment=keys)
    mailed, to_phone = [], []
    for news in _due(site):  # again, under the locks: whoever was told meanwhile is not due any more
        if news.visit.pk not in keys:
            continue
        if news.by_mail and _plan(news, by=by):
            mailed.append(_marked(news))
        else:
            to_phone.append(news)
    if mailed:
        about = [news.visit for news in mailed]
        audit.record("scheduling.appointment.delay_told", by=by, about=about, site_id=site_id)
    return Telling(mailed, to_phone)


@use_case
def told_by_phone(*, appointment_id: UUID, by: Actor) -> Appointment:
    """Somebody rang them and said the likely start as it is now. Kept like a mail, so that it is said once."""
    row = Appointment.objects.select_related("site").filter(pk=appointment_id).first()
    if row is None:
        raise NotFound(_("There is no such visit."))
    check(by, Permission.RUN_BOARD, site_id=row.site_id)
    locks.take(appointment=[appointment_id])
    news = next((each for each in _due(row.site) if each.visit.pk == appointment_id), None)
    if news is None:
        raise IllegalMove(_("There is nothing to tell this patient: they are here, told, or no longer late."))
    _plan(news, by=by)
    outbox.cancel(about=[delays.about(appointment_id)], by=by, reason=BY_PHONE, kinds=[delays.KIND])
    _marked(news)
    audit.record("scheduling.appointment.delay_phoned", by=by, about=[news.visit])
    return news.visit


def _due(site: Site) -> list[News]:
    now = clock.now()
    found = visits.day_list(site=site, day=clock.today(site.zone))
    return delays.news(found, delays.outlooks(found, now=now))


def _plan(news: News, *, by: Actor) -> bool:
    """The mail that tells the new start, in the place of one that has not gone out. It expires with the start
    that the patient knows. Whether one waits to be sent now."""
    about = delays.about(news.visit.pk)
    outbox.cancel(about=[about], by=by, reason="superseded", kinds=[delays.KIND])
    plan = Plan(
        kind=delays.KIND,
        about=about,
        about_rev=delays.minute_of(news.start),
        patient_id=news.visit.patient_id,
        site_id=news.visit.site_id,
        due=clock.now(),
        expires=news.known,
    )
    outbox.plan([plan], by=by)
    waiting = Message.objects.filter(about=about, about_rev=plan.about_rev, state=MessageState.PENDING)
    return waiting.exists()


def _marked(news: News) -> News:
    news.visit.delay_told_at = clock.now()
    news.visit.version += 1
    news.visit.save(update_fields=["delay_told_at", "version"])
    return news

"""The news of one action, told at its end: one mail for each patient, however many of their visits changed.

A visit that changed alone keeps a mail of its own kind. A mail about several is never rewritten: when one of its
visits changes again before it has gone out, it is withdrawn and what still holds is told anew. So there is never a
second waiting mail about one visit. Whoever uses this holds the lock of the patient, of whom all the visits are.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from uuid import UUID

from clinic import clock
from clinic.actors import Actor
from clinic.enums import MessageState
from clinic.ids import new_id
from clinic.models import Message
from clinic.services import outbox
from clinic.services.outbox import Plan
from scheduling.enums import Notice, Told
from scheduling.models import Appointment, NoticeLine
from scheduling.selectors import delays
from scheduling.services.knowledge import DOOR, TOGETHER, about

GRACE = dt.timedelta(minutes=3)
ABOUT = "visits:"
_WAITING = (MessageState.PENDING, MessageState.LEASED)
_NOT_OVER = (*_WAITING, MessageState.SENDING, MessageState.UNCERTAIN, MessageState.FAILED)


@dataclass(frozen=True, slots=True)
class News:
    """What a patient is to hear of one visit; `was` is the start that they knew by mail, if any."""

    appointment: Appointment
    kind: Notice
    was: dt.datetime | None
    due: dt.datetime

    @property
    def is_worth_telling(self) -> bool:
        """Not where the desk has told it another way or nobody is to be told, and not after the visit has begun."""
        start: dt.datetime = self.appointment.period.lower
        return self.appointment.told == Told.MAIL and self.due < start


@dataclass(slots=True)
class Together:
    """What one action has to tell, gathered visit by visit; `tell` plans the mails."""

    news: dict[UUID, News] = field(default_factory=dict)

    def withdraw(
        self, appointment: Appointment, *, by: Actor, reason: str, kinds: Collection[str] | None = None
    ) -> None:
        """No mail about this visit goes out any more. What a mail told of others beside it is gathered anew.

        `kinds` limits what ends of the mails about this visit alone.
        """
        self.news.pop(appointment.pk, None)
        own = [about(appointment), delays.about(appointment.pk)]
        outbox.cancel(about=own, by=by, reason=reason, kinds=kinds)
        for key, due in _unfinished(appointment).items():
            others = [row for row in _lines(key) if row.appointment_id != appointment.pk and _holds(row)]
            if due is None and others:
                # In a sender's hands: should it come back, it tells what then still holds.
                continue
            outbox.cancel(about=[key], by=by, reason=reason)
            for row in others if due is not None else []:
                told = News(row.appointment, Notice(row.kind), row.was, due or clock.now())
                self.news.setdefault(row.appointment_id, told)

    def add(self, appointment: Appointment, kind: Notice, *, was: dt.datetime | None) -> None:
        """One more visit to tell of, after the grace."""
        self.news[appointment.pk] = News(appointment, kind, was, clock.now() + GRACE)

    def tell(self, *, by: Actor) -> None:
        """Plan one mail for each patient and site."""
        worth = [news for news in self.news.values() if news.is_worth_telling]
        worth.sort(key=lambda news: (_reader(news), news.appointment.period.lower))
        plans: list[Plan] = []
        for _key, group in groupby(worth, key=_reader):
            plans += _plans(list(group))
        outbox.plan(plans, by=by)
        self.news.clear()


def plan_alone(appointment: Appointment, kind: Notice, due: dt.datetime, expires: dt.datetime) -> Plan:
    """A mail about this visit alone."""
    return Plan(
        kind=kind,
        about=about(appointment),
        about_rev=appointment.told_rev,
        patient_id=appointment.patient_id,
        site_id=appointment.site_id,
        due=due,
        expires=expires,
        door="" if kind == Notice.CANCELLED else DOOR,
        door_until=appointment.period.upper,
    )


def waits_with_others(appointment: Appointment) -> bool:
    """Whether a mail about several visits, this one among them, has not gone out yet."""
    return any(due is not None for due in _unfinished(appointment).values())


def _plans(group: Sequence[News]) -> list[Plan]:
    """One mail for all of them; whose visit begins before that mail is due hears of it alone and earlier."""
    due = max(news.due for news in group)
    several = [news for news in group if due < news.appointment.period.lower]
    alone = [news for news in group if news not in several]
    if len(several) < 2:
        alone, several = [*alone, *several], []
    plans = [
        plan_alone(news.appointment, news.kind, news.due, news.appointment.period.lower) for news in alone
    ]
    if several:
        key = f"{ABOUT}{new_id()}"
        NoticeLine.objects.bulk_create(
            NoticeLine(
                about=key,
                appointment=news.appointment,
                told_rev=news.appointment.told_rev,
                kind=news.kind,
                was=news.was,
            )
            for news in several
        )
        first = several[0].appointment
        plans.append(
            Plan(
                kind=_kind_of(several),
                about=key,
                about_rev=1,
                patient_id=first.patient_id,
                site_id=first.site_id,
                due=due,
                expires=max(news.appointment.period.lower for news in several),
            )
        )
    return plans


def _kind_of(several: Sequence[News]) -> Notice:
    """New visits alone are a plan; anything else changes what the patient knew."""
    return Notice.PLAN if all(news.kind == Notice.CONFIRMATION for news in several) else Notice.SEVERAL


def _reader(news: News) -> tuple[UUID, UUID]:
    return news.appointment.patient_id, news.appointment.site_id


def _unfinished(appointment: Appointment) -> dict[str, dt.datetime | None]:
    """The mails about this visit and others that are not over: when each is due, None where a sender has it."""
    mine = NoticeLine.objects.filter(appointment=appointment).values("about")
    rows = Message.objects.filter(kind__in=TOGETHER, about__in=mine, state__in=_NOT_OVER)
    found: dict[str, dt.datetime | None] = {}
    for key, state, due in rows.values_list("about", "state", "planned_for"):
        found[key] = due if state in _WAITING else found.get(key)
    return found


def _lines(key: str) -> list[NoticeLine]:
    rows = NoticeLine.objects.filter(about=key)
    return list(rows.select_related("appointment__site", "appointment__patient").order_by("pk"))


def _holds(row: NoticeLine) -> bool:
    return row.told_rev == row.appointment.told_rev

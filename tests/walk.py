"""What the tests that walk every address share: the addresses, a site with one of everything, a person of each role.

Who adds an address with a new key adds an example of that key to `grounds`: until then the walks fail.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from clinic import clock
from clinic.enums import Permission, Role
from clinic.messaging import DefaultText
from clinic.models import Household, Link, Message, Patient, Site, Task, User
from clinic.permissions import ROLE_PERMISSIONS
from clinic.services import contacts, links, pauses, tasks, texts
from clinic.services.contacts import ContactData
from scheduling.enums import Told
from scheduling.models import (
    Appointment,
    FreedSlot,
    Hold,
    Offer,
    Resource,
    TimeOff,
    VisitChange,
    VisitStage,
    VisitType,
    WaitlistEntry,
    WorkingHours,
)
from scheduling.models.access import Display
from scheduling.services import (
    absences,
    booking,
    closures,
    endings,
    feeds,
    holds,
    offers,
    progress,
    resources,
    waitlist,
)
from scheduling.services import displays as wall_screens
from scheduling.services.offers import token_of
from scheduling.services.plans import VisitRequest
from tests.factories import clinic, treatments, waiting
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.data import AnswerData, CheckInData, EventData, MedicineData, SignatureData
from treatments.enums import Decision
from treatments.models import (
    CheckIn,
    Consent,
    ConsentText,
    Course,
    InstrumentDefinition,
    KitType,
    Medicine,
    ProtocolVersion,
    Session,
)
from treatments.services import (
    check_ins,
    consents,
    events,
    instruments,
    medicines,
    outcomes,
    protocol_edits,
    protocols,
    red_flags,
    reviews,
    screening,
    signing,
)

FOREIGN_APPS = ("account_", "mfa_", "usersessions_")
"""Names of allauth's own addresses: it guards them itself and its tests walk them."""

CLINIC_WIDE = {"patient_id", "contact_id", "clinician_id", "kind_code", "reason_code", "message_kind"}
"""Keys of what belongs to the clinic rather than to a site: patients, the people around them, clinicians, lists of codes."""

QUERIES = {"clinic:task-list": ["?show=done", "?show=all"], "clinic:message-list": ["?show=attention"]}
"""Pages whose address says which of their lists is shown."""

CLINICIANS = {
    "scheduling:setup-clinician-hours",
    "scheduling:setup-clinician-hours-copy",
    "scheduling:feed-renew",
    "scheduling:feed-revoke",
}
"""Addresses whose `resource_id` must be a clinician's."""

_SINCE = dt.timedelta(days=21)
_NOT_BUSINESS = ("clinic_auditevent", "django_session", "usersessions_usersession", "pghistory_context")


@dataclass(frozen=True)
class Address:
    """One entry of the URLconf; several may share a name."""

    name: str
    route: str
    entry: URLPattern

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.entry.pattern.converters)

    @property
    def permission(self) -> Permission | None:
        return getattr(self.entry.callback, "permission", None)

    def roles(self, *, allowed: bool = True) -> list[Role]:
        return [role for role in Role if (self.permission in ROLE_PERMISSIONS[role]) == allowed]

    def __str__(self) -> str:
        return f"{self.name} {self.route}"


def addresses(
    resolver: URLResolver | None = None, namespace: str = "", before: str = ""
) -> Iterator[Address]:
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(
                entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace, route
            )
        elif entry.name and not entry.name.startswith(FOREIGN_APPS):
            yield Address(f"{namespace}{entry.name}", route, entry)


ADDRESSES = sorted(addresses(), key=str)
GUARDED = [address for address in ADDRESSES if address.permission]


def methods(address: Address) -> Sequence[str]:
    """What its view allows by `require_http_methods`, read from the closure that keeps it."""
    view = address.entry.callback
    while view is not None:
        for cell in getattr(view, "__closure__", None) or ():
            held = cell.cell_contents
            if (
                isinstance(held, list)
                and held
                and all(isinstance(each, str) and each.isupper() for each in held)
            ):
                return held
        view = getattr(view, "__wrapped__", None)
    return ()


@dataclass(frozen=True)
class Grounds:
    """One site with an example of every key that an address takes, and accounts there and at another site."""

    ward: Ward
    examples: Mapping[str, UUID | dt.date | str | int]
    more: Mapping[str, Sequence[UUID]]
    people: Mapping[Role, User]
    outsiders: Mapping[Role, User]

    @property
    def site(self) -> Site:
        return self.ward.house.site

    def keys_of(self, address: Address) -> dict[str, Any]:
        missing = [key for key in address.keys if key not in self.examples]
        if missing:
            pytest.fail(f"{address} takes {', '.join(missing)}: give an example in tests/walk.py, `grounds`.")
        keys = {key: self.examples[key] for key in address.keys}
        if address.name in CLINICIANS:
            keys["resource_id"] = self.examples["clinician_id"]
        return keys

    def url(self, address: Address) -> str:
        return reverse(address.name, kwargs=self.keys_of(address))

    def urls(self, address: Address) -> list[str]:
        """The address with its example, and once more for each state that its page can be in."""
        found = [self.url(address)]
        for key, values in self.more.items():
            if key in address.keys and address.name not in CLINICIANS:
                found += [
                    reverse(address.name, kwargs=self.keys_of(address) | {key: value}) for value in values
                ]
        found += [self.url(address) + query for query in QUERIES.get(address.name, ())]
        return list(dict.fromkeys(found))

    def is_clinic_wide(self, address: Address) -> bool:
        return address.name in CLINICIANS or set(address.keys) <= CLINIC_WIDE | {"day"}


def grounds() -> Grounds:
    """Build it, committed, in the database at hand. What lies in the past is written with the clock set back."""
    clock.set_offset(-_SINCE)
    ward = treatments.ward(screened=True)
    site = ward.house.site
    treated, visits_today = _past(ward)
    clock.set_offset(dt.timedelta(0))
    _today(ward, treated, visits_today)
    manager = clinic.user(Role.MANAGER, at=site)
    home = Household.objects.create(created_at=clock.now())
    clinic.patient(given_name="Bertha", household=home)
    person = clinic.patient(notes="Hard of hearing.", household=home)
    contact = contacts.add(
        by=ward.desk, patient_id=person.pk, data=ContactData(name="Grete Beispiel", relationship="Daughter")
    )
    order, visits = treatments.booked(ward, placed=treatments.order(ward, person))
    event = events.record(
        by=ward.nurse,
        course_id=order.course_id,
        data=EventData("other", 1, clock.today(site.zone), term="Cold hands"),
    )
    room = ward.house.one("procedure_room")
    start, end = ward.at(200), ward.at(201)
    closure, _visits = closures.close(by=BY, site_id=site.pk, start=start, end=end, name="Painting")
    away, _visits = absences.take_off(
        by=BY, site_id=site.pk, resource_id=room.pk, start=start, end=end, reason="Service"
    )
    leave = _to_move(ward)
    offer, freed = _waiting(ward)
    medicine, agreed = _screened(ward, order.course)
    waiting = treatments.order(ward)
    check_in, red_flag = _checked_in(ward)
    other = clinic.site(name="Ahornplatz", phone="+49 30 5550200")
    people = {role: clinic.user(role, at=site) for role in Role}
    second = clinic.site(name="Waldweg", phone="+49 30 5550300")
    closed = clinic.site(name="Altbau", phone="+49 30 5550400", is_active=False)
    for account in people.values():
        account.sites.add(second, closed)
    failed = Message.objects.filter(patient=person, state="pending")[:1].values("pk")
    Message.objects.filter(pk__in=failed).update(
        state="failed", reason="refused_by_server", ended_at=clock.now()
    )
    Resource.objects.filter(pk=ward.house.one("physician").pk).update(user=people[Role.PHYSICIAN])
    tasks.claim(by=people[Role.MANAGER].actor(), task_id=_task(ward, clinic.patient()).pk)
    feeds.renew(by=manager.actor(), resource_id=ward.house.one("physician").pk)
    unreached = VisitRequest(
        clinic.patient(email="").pk, ward.house.visit("consultation").pk, site.pk, ward.at(90, 9)
    )
    booking.book(request=unreached, by=ward.desk)
    said = texts.current(["appointment.confirmation"])["appointment.confirmation", "en"]
    texts.write(
        by=manager.actor(),
        kind=said.kind,
        language=said.language,
        words=DefaultText("Your appointment", "Hello {first_name}, come on {day} at {time}."),
        based_on=said.version,
    )
    further = _further(site)
    return Grounds(
        ward=ward,
        examples={
            "site_id": site.pk,
            "patient_id": person.pk,
            "contact_id": contact.pk,
            "task_id": _task(ward, person).pk,
            "message_kind": "appointment.confirmation",
            "message_id": Message.objects.filter(patient=person)[0].pk,
            "pause_id": pauses.pause(
                by=manager.actor(), site_id=site.pk, kind="appointment.reminder_3d", note="New words"
            ).pk,
            "user_id": manager.pk,
            "day": clock.today(site.zone),
            "appointment_id": visits[0].pk,
            "hold_id": _pencilled(ward, person).pk,
            "change_id": VisitChange.objects.filter(site=site, kind="cancelled")[0].pk,
            "resource_id": room.pk,
            "clinician_id": ward.house.one("physician").pk,
            "hours_id": WorkingHours.objects.filter(site=site)[0].pk,
            "kind_code": "draw_chair",
            "reason_code": "patient_unwell",
            "extra_id": ward.house.open_once(start, end).pk,
            "closure_id": closure.pk,
            "display_id": _display(site, people[Role.MANAGER]).pk,
            "time_off_id": away.pk,
            "visit_type_id": VisitType.objects.filter(site=site)[0].pk,
            "order_id": waiting.pk,
            "course_id": order.course_id,
            "session_id": treatments.session(order.course).pk,
            "record_part": "draw",
            "kit_id": KitType.objects.create(site=site, name="Kit 60").pk,
            "device_id": ward.house.one("centrifuge").pk,
            "event_id": event.pk,
            "definition_id": _definition(site, manager).pk,
            "client_key": check_in.client_key,
            "link_token": links.token_of(_link(site, person)),
            "step": 1,
            "medicine_id": medicine.pk,
            "consent_id": agreed.pk,
            "entry_id": offer.entry_id,
            "offer_id": offer.pk,
            "slot_id": freed.pk,
            "token": token_of(offer.pk),
            "protocol_id": ward.protocol.protocol_id,
            "version_id": _draft(ward).pk,
            "section": "screening",
            "line": 0,
        },
        more=further
        | {
            "course_id": [*further["course_id"], _lapsed(ward)],
            "session_id": [*further["session_id"], _two_tubes(ward), check_in.session_id],
            "task_id": [red_flag.pk],
            "time_off_id": [leave.pk],
            "version_id": [ward.protocol.pk],
            "section": ["gate", "usual", "guidance"],
        },
        people=people,
        outsiders={role: clinic.user(role, at=other) for role in Role},
    )


def _checked_in(ward: Ward) -> tuple[CheckIn, Task]:
    """A session in its recovery week with a red flag, and the task that it opened."""
    session = treatments.session(treatments.order(ward).course)
    Session.objects.filter(pk=session.pk).update(
        status="injected", injected_at=clock.now() - dt.timedelta(days=3)
    )
    data = CheckInData(pain=7, red_flags=("fever",), note="Feels hot since last night")
    row = check_ins.record(
        by=ward.nurse,
        session_id=session.pk,
        client_key=uuid4(),
        data=data,
        source="phone",
    )
    return row, Task.objects.get(kind=red_flags.SAME_DAY)


def _lapsed(ward: Ward) -> UUID:
    """A course whose approval has lapsed before its first session."""
    course = treatments.order(ward).course
    Course.objects.filter(pk=course.pk).update(approved_at=clock.now() - dt.timedelta(days=400))
    return course.pk


def _two_tubes(ward: Ward) -> UUID:
    """A session while the blood of another patient is in the house too: both are between draw and injection."""
    first, second = (treatments.booked(ward, first=day)[1][0] for day in (22, 23))
    for visit in (first, second):
        VisitStage.objects.filter(appointment=visit, code="draw").update(started_at=clock.now())
        Appointment.objects.filter(pk=visit.pk).update(status="in_progress", arrived_at=clock.now())
    return Session.objects.get(pk=first.purpose).pk


def _draft(ward: Ward) -> ProtocolVersion:
    """The next version of the protocol, in which two things are other than in the signed one; a second protocol beside
    it has none."""
    second = protocols.create(by=BY, name="PRP, sacroiliac joint", from_version_id=ward.protocol.pk)
    protocols.sign(by=ward.physician, version_id=second.pk)
    draft = protocols.start_draft(by=BY, protocol_id=ward.protocol.protocol_id)
    gate = msgspec.structs.replace(draft.clinical.gate, nrs_some=20)
    draft = protocol_edits.put_line(
        by=BY, version_id=draft.pk, revision=draft.revision, section="gate", line=gate, at=0
    )
    return protocol_edits.remove_line(
        by=BY, version_id=draft.pk, revision=draft.revision, section="medicines", at=0
    )


def _screened(ward: Ward, course: Course) -> tuple[Medicine, Consent]:
    """A patient who takes something that its prescriber decides about, has answered, and signed on paper."""
    by, key, page = ward.nurse, course.pk, b"%PDF-1.7 %%EOF"
    row = medicines.add(by=by, course_id=key, data=MedicineData("Warfarin", "anticoagulant"))
    for name in ("Naproxen", "Something new"):
        medicines.add(by=by, course_id=key, data=MedicineData(name, "nsaid", dose="500 mg"))
    text = ConsentText.objects.get(site=ward.house.site, language="en")
    ways: tuple[tuple[str, dict[str, Any]], ...] = (
        ("drawn", {"strokes": [[[0, 0], [400, 200]]]}),
        ("paper", {"page": page}),
    )
    for method, more in ways:
        signed = SignatureData(method, **more)
        agreed = consents.give(by=by, course_id=key, text_id=text.pk, signature=signed)
    session = treatments.session(course)
    said = [AnswerData("cancer", "yes"), AnswerData("infection", "yes"), AnswerData("tobacco", "yes")]
    screening.answer(by=by, session_id=session.pk, moment="booking", answers=said)
    return row, agreed


def _past(ward: Ward) -> tuple[list[Course], list[Appointment]]:
    """Two courses with their first session behind them, one whose first is today, and two consultations today."""
    long, _visits = treatments.booked(ward, first=1)
    short, _visits = treatments.booked(ward, first=1, placed=treatments.order(ward, sessions=1))
    today = treatments.booked(ward, first=_SINCE.days)[1][:1]
    for hour in (9, 11):
        person = clinic.patient()
        request = VisitRequest(
            patient_id=person.pk,
            visit_type_id=ward.house.visit("consultation").pk,
            site_id=ward.house.site.pk,
            start=ward.at(_SINCE.days, hour),
        )
        today.append(booking.book(request=request, by=ward.desk))
    _missed(ward)
    return [long.course, short.course], today


def _missed(ward: Ward) -> None:
    """A visit to which nobody came, noted so the day after."""
    kind, site = ward.house.visit("consultation"), ward.house.site
    request = VisitRequest(clinic.patient().pk, kind.pk, site.pk, ward.at(1, 13))
    visit = booking.book(request=request, by=ward.desk)
    clock.set_offset(dt.timedelta(days=2) - _SINCE)
    endings.no_show(appointment_id=visit.pk, by=ward.desk)


def _today(ward: Ward, treated: Sequence[Course], visits: Sequence[Appointment]) -> None:
    """The first sessions recorded, one gate open, the short course decided and signed; a patient in the chair."""
    for course in treated:
        treatments.inject(ward, course, at=clock.now() - _SINCE + dt.timedelta(days=2))
    long, short = treated
    outcomes.record_response(
        by=ward.nurse, course_id=long.pk, instrument="nrs", time_point="baseline", answers={"value": 7}
    )
    reviews.open_due(by=BY)
    reviews.decide(by=ward.physician, course_id=short.pk, before_session=2, decision=Decision.COMPLETE)
    record = treatments.session(short)
    signing.sign(by=ward.physician, session_id=record.pk, version=record.version)
    signing.amend(by=ward.nurse, session_id=record.pk, text="Lot K-2232", reason="Misread")
    held, _visits = treatments.booked(ward, first=15)
    reviews.hold(by=ward.physician, course_id=held.course_id, reason="Away on a journey.")
    resources.retire(by=BY, site_id=ward.house.site.pk, resource_id=ward.house.resources["centrifuge"][1].pk)
    progress.arrive(appointment_id=visits[0].pk, by=ward.desk)
    progress.advance(appointment_id=visits[0].pk, by=ward.nurse)
    endings.cancel(
        appointment_id=visits[-1].pk, reason="patient_unwell", version=None, told=Told.NOBODY, by=ward.desk
    )
    treatments.order(ward, screening_complete=False)
    clinic.patient(deceased_on=clock.today(ward.house.site.zone))
    tasks.finish(by=ward.desk, task_id=_task(ward, clinic.patient()).pk, outcome="Reached her.")


def _to_move(ward: Ward) -> TimeOff:
    """Leave with a visit in it, which waits on the list of those to move."""
    kind, physician = ward.house.visit("consultation"), ward.house.resources["physician"][1]
    request = VisitRequest(
        clinic.patient().pk, kind.pk, ward.house.site.pk, ward.at(170, 10), lead_id=physician.pk
    )
    booking.book(request=request, by=ward.desk)
    leave, _visits = absences.take_off(
        by=BY,
        site_id=ward.house.site.pk,
        resource_id=physician.pk,
        start=ward.at(170, 8),
        end=ward.at(170, 18),
        reason="Leave",
        accept=True,
    )
    return leave


def _pencilled(ward: Ward, person: Patient) -> Hold:
    kind = ward.house.visit("consultation").pk
    request = VisitRequest(person.pk, kind, ward.house.site.pk, ward.at(150, 9), note="Asks her daughter")
    return holds.pencil(request=request, until=clock.now() + dt.timedelta(hours=2), by=ward.desk)


def _waiting(ward: Ward) -> tuple[Offer, FreedSlot]:
    """Two freed times past their grace; one is being offered, for the other somebody waits; one wait was withdrawn."""
    clock.set_offset(-dt.timedelta(hours=1))
    times = [waiting.freed(ward.house, ward.at(5, hour)) for hour in (15, 16)]
    clock.set_offset(dt.timedelta(0))
    asked, _next, gone = [waiting.waits(ward.house, waiting.phone(clinic.patient())) for _ in range(3)]
    waitlist.withdraw(entry_id=gone.pk, by=BY)
    later = waiting.visit(ward.house, ward.at(40, 15))
    waiting.waits(
        ward.house, later.patient, appointment_id=later.pk, weekdays=(0, 2), part="morning", note="Rings back"
    )
    offer = offers.make(
        entry_id=asked.pk, start=times[0].period.lower, freed_id=times[0].pk, by=BY, by_phone=True
    )
    return offer, times[1]


def _display(site: Site, manager: User) -> Display:
    return wall_screens.make(site_id=site.pk, name="Waiting room", by=manager.actor())


def _definition(site: Site, manager: User) -> InstrumentDefinition:
    return instruments.load(
        by=manager.actor(),
        site_id=site.pk,
        document=treatments.toy_instrument(),
        licence="Contract 7",
        licence_until=clock.today(site.zone) + dt.timedelta(days=30),
    )


def _link(site: Site, person: Patient) -> Link:
    """A link of the patient's, and another one that wrong birth dates have locked."""
    given, locked = (
        links.issue(
            by=BY,
            purpose="answers",
            about=about,
            site_id=site.pk,
            patient_id=person.pk,
            until=clock.now() + dt.timedelta(days=7),
        )[0]
        for about in (f"answers:{person.pk}", f"tablet:{person.pk}")
    )
    Link.objects.filter(pk=locked.pk).update(tries=5)
    return given


def _task(ward: Ward, person: Patient) -> Task:
    return tasks.open_task(
        by=ward.desk,
        site_id=ward.house.site.pk,
        kind="by_hand",
        title="Call back about the lift",
        role=Role.FRONT_DESK,
        due_at=clock.now(),
        patient_id=person.pk,
    )


def _further(site: Site) -> dict[str, list[UUID]]:
    """Further examples of a key, one of each state: the same page looks different for each of them."""

    def one_per(rows: QuerySet[Any], field: str) -> list[UUID]:
        return list(rows.order_by(field, "pk").distinct(field).values_list("pk", flat=True))

    here = {"site": site}
    dead = Patient.objects.filter(deceased_on__isnull=False).values_list("pk", flat=True)
    return {
        "appointment_id": [
            *one_per(Appointment.objects.filter(**here), "status"),
            *Appointment.objects.filter(**here, purpose=None, status="booked").values_list("pk", flat=True)[
                :1
            ],
        ],
        "course_id": one_per(Course.objects.filter(**here), "status"),
        "session_id": one_per(Session.objects.filter(**here), "status"),
        "message_id": one_per(Message.objects.filter(**here), "state"),
        "entry_id": one_per(WaitlistEntry.objects.filter(**here), "status"),
        "task_id": one_per(Task.objects.filter(**here), "state"),
        "patient_id": [
            *dead,
            *Course.objects.filter(status="review_due").values_list("patient_id", flat=True),
        ],
        "resource_id": one_per(Resource.objects.exclude(is_clinician=True), "kind_id"),
    }


def signed_in(user: User, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def business_tables() -> list[str]:
    return [
        name
        for name in connection.introspection.table_names()
        if name not in _NOT_BUSINESS and not name.startswith(("django_", "auth_"))
    ]


def rows_touched(tables: list[str]) -> int:
    """How many rows of these tables this very transaction has inserted, changed or deleted, also where a savepoint
    took that back: none means that nothing can have been written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
            " WHERE relname = ANY(%s)",
            [tables],
        )
        return int(cursor.fetchone()[0])


def fingerprint(tables: list[str]) -> dict[str, tuple[int, int]]:
    """How many rows each table has, and a sum over their contents: any write to them changes it."""
    parts = " UNION ALL ".join(
        f"SELECT '{name}', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {name} t"
        for name in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(parts)
        return {name: (rows, digest) for name, rows, digest in cursor.fetchall()}

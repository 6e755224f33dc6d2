"""Whatever happens in whatever order: no two pending mails for one fact, none for a dead one, none outside its window, and
at most one that counts to a person a day."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock, messaging
from clinic.actors import Staff, System
from clinic.enums import Role
from clinic.models import Decline, Message, Patient, Pause, Site
from clinic.services import deaths, dispatch, outbox, pauses, preferences
from clinic.services.outbox import Plan
from clinic.smtp import Channel, Outcome, Result
from tests.factories import clinic as make
from tests.faults import kinds, outgoing

pytestmark = pytest.mark.django_db

BY = System("test")
HOUR = dt.timedelta(hours=1)
NEWS = kinds.kind("test.news")
REMINDS = kinds.kind("test.reminds", counts=True, group="reminders")
ASKS = kinds.kind("test.asks", counts=True, rides=True, group="questionnaires")
KINDS = {kind.key: kind for kind in (NEWS, REMINDS, ASKS)}

_facts = st.integers(0, 2)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("plan"), _facts, st.integers(0, 30), st.sampled_from(sorted(KINDS))),
        st.tuples(st.just("move"), _facts, st.integers(0, 30), st.sampled_from(sorted(KINDS))),
        st.tuples(st.just("cancel"), _facts),
        st.tuples(st.just("decline"), st.sampled_from(["reminders", "questionnaires"])),
        st.tuples(st.just("accept"), st.sampled_from(["reminders", "questionnaires"])),
        st.tuples(st.just("pause"), st.sampled_from(["", *sorted(KINDS)])),
        st.tuples(st.just("resume")),
        st.tuples(st.just("wait"), st.integers(1, 30)),
        st.tuples(st.just("refuse")),
        st.tuples(st.just("send")),
        st.tuples(st.just("die")),
    ),
    min_size=4,
    max_size=16,
)


class World:
    """A patient with three facts, and what is true of each."""

    def __init__(self) -> None:
        self.site: Site = outgoing.site(time_zone="UTC")
        self.patient: Patient = make.patient()
        self.manager: Staff = make.staff(Role.MANAGER, at=self.site)
        self.revision: Counter[str] = Counter()
        self.dead: set[str] = set()
        self.paused_at: dict[str, dt.datetime] = {}
        self.refusing = False
        self.died = False
        self.seen: set[UUID] = set()

    def plan(self, fact: int, hours: int, kind: str) -> None:
        about = f"fact:{fact}"
        self.dead.discard(about)
        now = clock.now()
        due = now + hours * HOUR
        one = Plan(kind, about, self.revision[about], self.patient.pk, self.site.pk, due, due + 20 * HOUR)
        outbox.plan([one], by=BY)

    def move(self, fact: int, hours: int, kind: str) -> None:
        self.cancel(fact)
        self.revision[f"fact:{fact}"] += 1
        self.plan(fact, hours, kind)

    def cancel(self, fact: int) -> None:
        about = f"fact:{fact}"
        outbox.cancel(about=[about], by=BY, reason="cancelled")
        self.revision[about] += 1
        self.dead.add(about)

    def decline(self, group: str) -> None:
        if not self.died:
            preferences.decline(by=self.manager, patient_id=self.patient.pk, group=group)

    def accept(self, group: str) -> None:
        if not self.died:
            preferences.accept(by=self.manager, patient_id=self.patient.pk, group=group)

    def pause(self, kind: str) -> None:
        if not Pause.objects.filter(resumed_at=None, kind=kind).exists():
            pauses.pause(by=self.manager, site_id=self.site.pk, kind=kind, note="x")

    def resume(self) -> None:
        for row in Pause.objects.filter(resumed_at=None)[:1]:
            pauses.resume(by=self.manager, pause_id=row.pk)

    def wait(self, hours: int) -> None:
        clock.set_offset(clock.now() - dt.datetime.now(tz=dt.UTC) + hours * HOUR)  # noqa: TID251

    def refuse(self) -> None:
        self.refusing = True
        self.send()
        self.refusing = False

    def send(self) -> None:
        dispatch.run(by=BY, seconds=20)

    def die(self) -> None:
        if not self.died:
            self.died = True
            self.patient.refresh_from_db()
            deaths.mark_deceased(
                by=self.manager,
                patient_id=self.patient.pk,
                version=self.patient.version,
                on=clock.now().date(),
                site_id=self.site.pk,
            )

    def check(self) -> None:
        """What must hold after every step."""
        rows = list(Message.objects.all())
        waiting = [row for row in rows if row.state in ("pending", "leased", "sending")]
        assert max(Counter((row.kind, row.about) for row in waiting).values(), default=0) <= 1
        assert not {row.about for row in waiting} & self.dead
        assert not (self.died and waiting)
        assert all(row.next_at < row.expires_at + 20 * HOUR for row in waiting)
        assert {row.state for row in rows} <= {
            "pending",
            "sent",
            "cancelled",
            "missed",
            "suppressed",
            "failed",
        }
        mails = Counter(
            (row.started_at or row.created_at).date()
            for row in rows
            if row.state == "sent" and KINDS[row.kind].counts and row.carried_by_id is None
        )
        assert max(mails.values(), default=0) <= 1
        self._check_what_was_sent([row for row in rows if row.state == "sent" and row.pk not in self.seen])

    def _check_what_was_sent(self, sent: Sequence[Message]) -> None:
        """At the moment it went out: in its window, of the revision in force, not declined, not paused, to the living."""
        declined = set(Decline.objects.values_list("group", flat=True))
        held: set[str] = set(Pause.objects.filter(resumed_at=None).values_list("kind", flat=True))
        for row in sent:
            assert row.started_at is not None
            brought_forward = KINDS[row.kind].counts and row.started_at.date() == row.planned_for.date()
            assert row.planned_for <= row.started_at < row.expires_at or brought_forward
            assert (row.about not in self.dead, row.about_rev) == (True, self.revision[row.about])
            assert KINDS[row.kind].group not in declined - {""}
            assert not held & {"", row.kind}
            assert not self.died
            self.seen.add(row.pk)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, World]]:
    """A mail server in this process: it takes every mail, or puts each off while the world says so."""
    here: dict[str, World] = {}

    def send(_channel: Channel, _envelope: object) -> Result:
        return Result(Outcome.TRY_LATER, 451) if here["now"].refusing else Result(Outcome.ACCEPTED, 250)

    monkeypatch.setattr(Channel, "connect", lambda _channel: None)
    monkeypatch.setattr(Channel, "send", send)
    with kinds.known(*KINDS.values()):
        yield here


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=_steps)
def test_promises_hold_whatever_happens_in_whatever_order(
    world: dict[str, World], steps: list[tuple[object, ...]]
) -> None:
    Message.objects.all().delete()
    Decline.objects.all().delete()
    Pause.objects.all().delete()
    clock.set_offset(dt.timedelta(0))
    world["now"] = now = World()
    for name, *arguments in steps:
        getattr(now, str(name))(*arguments)
        now.check()
    assert messaging.get("test.news") is NEWS

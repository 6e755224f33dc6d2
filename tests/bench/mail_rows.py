"""The outbox: how fast it claims, what it hands over with everything included, what a killed sender costs, how late it is.

The naive design, one Celery task a mail, is run beside it with the same rendering and mail server.
"""

import datetime as dt
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import psycopg
from django.conf import settings
from django.db import connection, connections

from clinic import clock, mailing, messaging
from clinic.actors import System
from clinic.models import Message
from clinic.services import claims, dispatch, drafts, reconcile
from clinic.services.claims import Paused
from clinic.smtp import Channel
from tests.bench import mail_sink, naive_worker
from tests.bench.clocked import Row, percentile, row
from tests.bench.data import messages as data
from tests.bench.data.scale import Scale
from tests.bench.mail_kind import KIND, known
from tests.bench.mail_sink import Sink
from tests.factories.scheduling import House

BY = System("bench")
SENDERS = 2
KILL_EVERY = 5.0  # seconds
TICK = 10.0  # seconds between two rounds, as beat ticks
_FORK = multiprocessing.get_context("fork")

_DUE = """
INSERT INTO clinic_message (id, site_id, patient_id, kind, about, about_rev, idempotency_key, state, reason, withdrawn,
  planned_for, next_at, expires_at, attempts, created_at)
SELECT uuidv7(), (%(sites)s::uuid[])[1 + n %% cardinality(%(sites)s::uuid[])], patient.id, %(kind)s, 'due:' || gen_random_uuid(),
  1, 'due:' || gen_random_uuid(), 'pending', '', '', due, due, due + interval '1 day', 0, due
FROM (SELECT id, row_number() OVER () AS n FROM (SELECT id FROM clinic_patient WHERE email <> '' AND deceased_on IS NULL LIMIT %(count)s) chosen) patient
CROSS JOIN LATERAL (SELECT %(now)s - interval '1 hour' + n * %(step)s * interval '1 second' AS due) due"""


def outbox_claim(house: House) -> Iterator[Row]:
    """Rows leased a second by one claimer, in batches, with a million waiting: alone, under an old snapshot that is held
    open, and in a table a tenth as large."""
    with known(), _unhurried():
        count = _size(50_000)
        full = _claim_rate(house, count)
        with _old_snapshot():
            held = _claim_rate(house, count)
        waiting = Message.objects.filter(kind=data.KIND).count()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM clinic_message WHERE kind = %s AND random() < 0.9", [data.KIND])
        _vacuum()
        tenth = _claim_rate(house, count)
    note = f"{count} due and {waiting} waiting; batches of {claims.BATCH}, pace and pauses asked"
    found = row("outbox_claim", full, "rows/s", note=note)
    yield found | {"bar": "at least 15000 rows/s", "met": full >= 15_000}
    yield row(
        "outbox_claim_old_snapshot", held, "rows/s", floor=full, share_of_floor=0.8, note="floor: without it"
    )
    yield row(
        "outbox_claim_growth", full, "rows/s", floor=tenth, share_of_floor=0.8, note="floor: a tenth waits"
    )


def dispatch_rate(house: House) -> Iterator[Row]:
    """Mails a second from two processes to a mail server beside them; the floor renders and sends the same without a
    database."""
    with known(), _unhurried(), _mail_server() as sink:
        count = _size(4_000, least=200)
        _fill(house, count)
        floor = count / _timed(_bare_senders(count))
        sink.clear()
        ours = count / _timed([_send_all] * SENDERS)
        whole = sink.counts()
        note = f"{count} mails, {len(whole)} arrived, {whole.total() - len(whole)} doubled"
        yield row("dispatch", ours, "mails/s", floor=floor, share_of_floor=0.7, note=note)
        for late, times in ((False, 1.5), (True, 2.5)):
            rate, words = naive_worker.measured(lambda: _fill(house, count // 4), sink, late=late)
            name = "late" if late else "early"
            found = row(f"dispatch_over_naive_{name}_ack", ours, "mails/s", floor=rate, note=words)
            bar = f"at least {times:g} times one Celery task a mail, {name} ack"
            yield found | {"bar": bar, "met": ours >= times * rate}


def dispatch_after_outage(house: House) -> Iterator[Row]:
    """Everything due at once while a sender is killed every five seconds; what the leases leave is judged afterwards."""
    for asked, most in ((True, 0), (False, None)):
        with known(), _unhurried(), _mail_server() as sink:
            keys = _fill(house, _size(20_000, least=400))
            killed = _send_under_fire(every=KILL_EVERY if len(keys) > 5_000 else 1.0)
            messaging.delivery_oracle = _asking(sink) if asked else None
            try:
                _settle()
            finally:
                messaging.delivery_oracle = None
            counts = sink.counts()
            ends = Counter(Message.objects.filter(kind=KIND.key).values_list("state", "reason"))
        lost = len(set(keys) - counts.keys())
        doubled = sum(counts[key] - 1 for key in keys if counts[key])
        bound = killed if most is None else most
        found = row(
            "dispatch_after_outage" + ("_asked" if asked else ""),
            doubled,
            "mails doubled",
            note=f"{len(keys)} due, {killed} senders killed, {lost} lost, ended as {dict(ends)}; leases and waits were ended by hand",
        )
        bar = f"0 lost, at most {'one a killed sender' if most is None else most} doubled"
        yield found | {"bar": bar, "met": lost == 0 and doubled <= bound}


def lateness(house: House) -> Iterator[Row]:
    """200 mails fall due each minute for ten minutes, and a round begins every ten seconds, as beat ticks."""
    minutes = max(1.0, 10 * Scale.wanted().share ** 0.5)
    with known(), _unhurried(), _mail_server() as sink:
        count = round(200 * minutes)
        start = clock.now() + dt.timedelta(hours=1, seconds=2)
        keys = _fill(house, count, now=start, step=60 / 200)
        due = dict(Message.objects.filter(pk__in=keys).values_list("pk", "next_at"))
        until = max(due.values()) + dt.timedelta(seconds=TICK + 5)
        children = [_FORK.Process(target=_ticking, args=(until,)) for _ in range(SENDERS)]
        _run(children)
        late = [at - due[key].timestamp() for key, at in sink.lines()]
    note = f"{count} due over {minutes:g} min, {len(late)} arrived, {min(late):.1f} to {max(late):.1f} s late"
    yield row("lateness", percentile(late, 0.99), "s", at_most=15, note=note)


def _size(full: int, *, least: int = 100) -> int:
    return max(least, round(full * Scale.wanted().share))


@contextmanager
def _unhurried() -> Iterator[None]:
    """The pace is asked as always, and holds nothing up."""
    before, settings.MAILS_PER_MINUTE = settings.MAILS_PER_MINUTE, 10**6
    try:
        yield
    finally:
        settings.MAILS_PER_MINUTE = before
        Message.objects.filter(kind=KIND.key).delete()


@contextmanager
def _mail_server() -> Iterator[Sink]:
    connections.close_all()  # before the fork: a connection is nobody else's
    before = settings.EMAIL_HOST, settings.EMAIL_PORT
    with mail_sink.running() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        try:
            yield sink
        finally:
            settings.EMAIL_HOST, settings.EMAIL_PORT = before


def _fill(house: House, count: int, *, now: dt.datetime | None = None, step: float = 0.0) -> list[UUID]:
    """So many mails that are due, over all sites, in place of those of an earlier measurement."""
    Message.objects.filter(kind=KIND.key).delete()
    sites = list(Message.objects.filter(kind=data.KIND).order_by().values_list("site", flat=True).distinct())
    values = {"sites": sites or [house.site.pk], "kind": KIND.key, "count": count, "step": step}
    with connection.cursor() as cursor:
        cursor.execute(_DUE, values | {"now": now or clock.now()})
        cursor.execute("ANALYZE clinic_message")
    return list(Message.objects.filter(kind=KIND.key).values_list("pk", flat=True))


def _claim_rate(house: House, count: int) -> float:
    _fill(house, count)
    run, claimed = dispatch.Run(float("inf"), lambda: False), 0
    began = time.perf_counter()
    while True:
        now, paused, before = clock.now(), Paused(), claimed
        for site_id in claims.due_sites(now, paused):
            batch = dispatch.Batch(site_id, [], paused.kinds_of(site_id), uuid4(), dispatch.Watch())
            claimed += len(dispatch._claim(run, batch))
        if claimed == before:
            break
    rate = claimed / (time.perf_counter() - began)
    assert claimed == count, f"{claimed} of {count} claimed"
    return rate


@contextmanager
def _old_snapshot() -> Iterator[None]:
    """As a dump or a long report holds one: what dies meanwhile cannot be swept up."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT count(*) FROM clinic_site")
        yield


def _vacuum() -> None:
    """By the owner, who alone may."""
    owner = urlsplit(os.environ["TEST_OWNER_DATABASE_URL"])
    url = urlunsplit(owner._replace(path=f"/{settings.DATABASES['default']['NAME']}"))
    with psycopg.connect(url, autocommit=True) as kept:
        kept.execute("VACUUM (ANALYZE) clinic_message")


def _timed(actions: Sequence[Callable[[], None]]) -> float:
    """Seconds until all of them, each in a process of its own, are done."""
    children = [_FORK.Process(target=action) for action in actions]
    began = time.perf_counter()
    _run(children)
    return time.perf_counter() - began


def _run(children: Sequence[Any]) -> None:
    connections.close_all()
    for child in children:
        child.start()
    for child in children:
        child.join()


def _send_all() -> None:
    while dispatch.run(by=BY, seconds=30).sent:
        pass


def _ticking(until: dt.datetime) -> None:
    while clock.now() < until:
        tick = time.monotonic() + TICK
        dispatch.run(by=BY)
        time.sleep(max(0.0, tick - time.monotonic()))


def _bare_senders(count: int) -> list[Callable[[], None]]:
    """Two processes that have every row and draft in their hands already: rendering, MIME, mail server, nothing else."""
    messages = list(
        Message.objects.filter(kind=KIND.key).select_related("site", "patient", "contact")[:count]
    )
    drafted = drafts.make(messages)

    def sender(share: Sequence[Message]) -> Callable[[], None]:
        def send() -> None:
            channel = Channel()
            for message in share:
                draft = drafted[message.pk]
                rendered = drafts.rendered(message, draft)
                channel.connect()
                channel.send(
                    mailing.envelope(rendered, key=message.pk, site=message.site, recipient=draft.address)
                )
            channel.close()

        return send

    return [sender(messages[number::SENDERS]) for number in range(SENDERS)]


def _send_under_fire(*, every: float) -> int:
    """Two senders until nothing is due, one of them killed each `every` seconds and replaced. How many were killed."""
    killed = 0
    connections.close_all()
    children = [_start() for _ in range(SENDERS)]
    while Message.objects.filter(kind=KIND.key, state="pending", lapses=0).exists():
        connections.close_all()
        time.sleep(every)
        victim = children.pop(0)
        if victim.is_alive() and victim.pid is not None:
            os.kill(victim.pid, signal.SIGKILL)
            killed += 1
        victim.join()
        children.append(_start())
    for child in children:
        child.join()
    return killed


def _start() -> Any:
    child = _FORK.Process(target=_send_all)
    child.start()
    return child


def _settle() -> None:
    """The leases run out, the wait for the mail server is over, and what is left is judged and sent."""
    for _round in range(10):
        past = clock.now() - dt.timedelta(seconds=1)
        mine = Message.objects.filter(kind=KIND.key)
        mine.filter(state__in=["leased", "sending"]).update(lease_until=past)
        reconcile.run(by=BY)
        mine.filter(state="uncertain").update(next_at=past)
        reconcile.run(by=BY)
        connections.close_all()
        dispatch.run(by=BY, seconds=60)
        if not mine.exclude(state="sent").exists():
            return


def _asking(sink: Sink) -> messaging.DeliveryOracle:
    def oracle(keys: Sequence[UUID]) -> dict[UUID, bool]:
        accepted: Counter[UUID] = sink.counts()
        return {key: accepted[key] > 0 for key in keys}

    return oracle

"""The dispatcher: claims what is due at a site, asks once more whether it stands, and hands it to the mail server.

Every step commits before the next begins. A dispatcher that dies at any point leaves a lease behind, which
`reconcile` turns into "due again" or "uncertain". Any number of dispatchers may run at once.
"""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID, uuid4

import structlog

from clinic import clock, messaging
from clinic.actors import Actor
from clinic.enums import MessageState, Permission
from clinic.models import Message
from clinic.permissions import check
from clinic.policies import parcels
from clinic.policies.parcels import Parcel
from clinic.policies.quiet_hours import quiet_end
from clinic.services import claims, drafts, leases
from clinic.services.claims import Paused
from clinic.services.delivery import Courier, persist
from clinic.services.drafts import AWAY
from clinic.services.leases import Watch

log = structlog.get_logger(__name__)

RUN_SECONDS = 50.0
EXPIRE_EVERY = 10.0  # seconds between looks for what is out of date
MORNING = dt.time(9)
"""When what had to wait for another day is tried again."""
ONE_A_DAY = "one_a_day"
"""The reason of a mail that its person's one mail of the day left no room for, and that would be too late tomorrow."""
_IN_TURN = dt.timedelta(seconds=5)
"""How long a mail waits for an earlier one to the same patient that another sender holds."""


@dataclass
class Run:
    """One call of `run`: who carries its mails, when it must end, and what it did."""

    until: float
    should_stop: Callable[[], bool]
    courier: Courier = field(default_factory=Courier)
    since: dict[UUID, dt.datetime] = field(default_factory=dict)
    """For each site, how far this run has come: what was due earlier is claimed already, but for late-comers."""
    broken: dict[UUID, Exception] = field(default_factory=dict)
    """Sites at which something raised that should not: left alone for the rest of this run."""

    @property
    def sent(self) -> int:
        """How many mails the server took."""
        return self.courier.sent

    @property
    def server_is_away(self) -> bool:
        return self.courier.breaker.is_open

    @property
    def is_over(self) -> bool:
        return self.server_is_away or time.monotonic() >= self.until or self.should_stop()


@dataclass
class Batch:
    """What one claim holds, all of one site."""

    site_id: UUID
    keys: list[UUID]
    kinds: list[str]
    token: UUID
    watch: Watch


def run(*, by: Actor, seconds: float = RUN_SECONDS, should_stop: Callable[[], bool] = lambda: False) -> Run:
    """Send what is due until nothing is, the time is up or the mail server is away. Not for use inside a transaction.

    Site by site, a batch each in turn. What is paused stays; a site that has sent its share of this minute waits for
    the next.
    """
    check(by, Permission.MANAGE_MESSAGES)
    this = Run(time.monotonic() + seconds, should_stop)
    expired_at = float("-inf")
    with closing(this.courier.channel):
        while not this.is_over:
            now = Watch().now()
            if time.monotonic() >= expired_at + EXPIRE_EVERY:
                claims.expire(now)
                expired_at = time.monotonic()
            if not _round(this, now):
                break
    if this.server_is_away:
        log.warning("mail server away", failures=this.courier.breaker.failures)
    for error in this.broken.values():
        raise error
    return this


def _round(this: Run, now: dt.datetime) -> int:
    """One batch of each site that has something due. How many messages were claimed."""
    paused, claimed = Paused(), 0
    for site_id in claims.due_sites(now, paused):
        if this.is_over:
            break
        if site_id in this.broken:
            continue
        try:
            claimed += _batch(this, site_id, paused.kinds_of(site_id))
        except AWAY:
            raise
        except Exception as error:
            # No text of the error: it may carry people's data.
            log.error("a batch broke off", site_id=str(site_id), error=type(error).__name__)  # noqa: TRY400
            this.broken[site_id] = error
    return claimed


def _batch(this: Run, site_id: UUID, kinds: list[str]) -> int:
    """Claim one batch and work through it; what was not started goes back untouched. How many were claimed.

    After an error of our own the leases stay and run out instead: each such row is taken alone from then on, so that a
    message which breaks the dispatcher ends set aside, and takes no other with it.
    """
    watch = Watch()
    batch = Batch(site_id, [], kinds, uuid4(), watch)
    batch.keys = _claim(this, batch)
    if not batch.keys:
        return 0
    release = partial(leases.release, batch.keys, token=batch.token)
    try:
        _work_through(this, batch)
    except AWAY:
        persist(release)
        raise
    persist(release)
    return len(batch.keys)


def _claim(this: Run, batch: Batch) -> list[UUID]:
    """Due rows of the site, as many as it may send this minute; where there are none, one whose sender died over it."""
    site_id, now = batch.site_id, batch.watch.now()
    granted = claims.grant(site_id, wanted=claims.BATCH, now=now)
    if not granted:
        return []
    claim = partial(claims.claim, site_id, token=batch.token, kinds=batch.kinds, now=now)
    rows = claim(limit=granted, since=this.since.get(site_id))
    if len(rows) < granted and site_id in this.since:
        # The hint hides what was committed late or came back: rows become visible in the order of commits.
        rows += claim(limit=granted - len(rows))
    if len(rows) == granted:
        this.since[site_id] = max(due for _key, due in rows)
    keys = [key for key, _due in rows]
    if not keys:
        keys = claims.suspect(site_id, token=batch.token, kinds=batch.kinds, now=now)
    claims.give_back(site_id, unused=granted - len(keys), now=now)
    return keys


def _work_through(this: Run, batch: Batch) -> None:
    messages = _in_turn(_standing(_read(batch.keys, batch.token), batch), batch)
    if not messages:
        return
    messages += _standing(_companions(messages, batch), batch)
    packed = _packed(messages, batch)
    waiting = [message for parcel in packed for message in parcel.messages]
    drafted = drafts.make(waiting)
    for parcel in packed:
        if this.is_over:
            return
        this.courier.deliver(parcel, drafted, token=batch.token, watch=batch.watch)


def _read(keys: Sequence[UUID], token: UUID) -> list[Message]:
    rows = Message.objects.filter(pk__in=keys, lease_token=token)
    return list(rows.select_related("site", "patient", "contact").order_by("planned_for", "pk"))


def _standing(messages: list[Message], batch: Batch) -> list[Message]:
    """Those that may go out now: asked once more, and outside quiet hours."""
    refused = drafts.refusals(messages)
    now = batch.watch.now()
    leases.end_unstarted(refused, token=batch.token, state=MessageState.SUPPRESSED, now=now)
    return _outside_quiet_hours([one for one in messages if one.pk not in refused], batch)


def _in_turn(messages: list[Message], batch: Batch) -> list[Message]:
    """Without those that would overtake an earlier mail to the same patient in another sender's hands."""
    earlier = claims.in_other_hands({one.patient_id for one in messages}, token=batch.token)
    overtaking = [one for one in messages if one.planned_for > earlier.get(one.patient_id, one.planned_for)]
    for one in overtaking:
        leases.put_back(one.pk, token=batch.token, next_at=batch.watch.now() + _IN_TURN)
    return [one for one in messages if one not in overtaking]


def _companions(messages: list[Message], batch: Batch) -> list[Message]:
    """What else goes to the same people today."""
    known = {kind.key: kind for kind in messaging.all_kinds()}
    readers: dict[parcels.Reader, bool] = {}
    for one in messages:
        kind, reader = known[one.kind], parcels.reader_of(one)
        if kind.counts or kind.carries:
            readers[reader] = readers.get(reader, False) or kind.counts
    site, now = messages[0].site, batch.watch.now()
    _midnight, until = clock.day_bounds(now.astimezone(site.zone).date(), site.zone)
    keys = claims.companions(
        [(patient, contact, counts) for (patient, contact), counts in readers.items()],
        site_id=site.pk,
        token=batch.token,
        kinds=batch.kinds,
        now=now,
        until=until,
    )
    batch.keys += keys
    return _read(keys, batch.token) if keys else []


def _packed(messages: list[Message], batch: Batch) -> list[Parcel]:
    """The mails to be handed over. What its reader's one mail of the day leaves no room for waits until tomorrow."""
    known = {kind.key: kind for kind in messaging.all_kinds()}
    site, now = messages[0].site, batch.watch.now()
    today = now.astimezone(site.zone).date()
    counting = {one.patient_id for one in messages if known[one.kind].counts}
    mine = [one.pk for one in messages]
    had_theirs = claims.counted(counting, day=today, but=mine) if counting else set()
    found = parcels.pack(messages, known, now=now, had_theirs=had_theirs)
    tomorrow = clock.local(today + dt.timedelta(days=1), MORNING, site.zone)
    for one in found.put_off:
        if tomorrow < one.expires_at:
            leases.put_back(one.pk, token=batch.token, next_at=tomorrow)
        else:
            missed = {one.pk: ONE_A_DAY}
            leases.end_unstarted(missed, token=batch.token, state=MessageState.MISSED, now=now)
    return found.parcels


def _outside_quiet_hours(messages: list[Message], batch: Batch) -> list[Message]:
    """The messages that may go out now; the others wait for the morning, or are missed if that is too late."""
    now, may_go = batch.watch.now(), []
    for message in messages:
        morning = None if messaging.get(message.kind).ignores_quiet_hours else quiet_end(message.site, now)
        if morning is None:
            may_go.append(message)
        elif morning < message.expires_at:
            leases.put_back(message.pk, token=batch.token, next_at=morning)
        else:
            missed = {message.pk: "quiet_hours"}
            leases.end_unstarted(missed, token=batch.token, state=MessageState.MISSED, now=now)
    return may_go

"""Which mails go out as one: at most one that counts goes to a person a day, and what is due that day goes in it.

Pure: the outbox hands in what it holds for the people of one batch, all of one site.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from clinic.messaging import MessageKind
from clinic.models import Message

Reader = tuple[UUID, UUID | None]
"""Who reads a mail: a patient, or one of their contacts."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One mail as it is handed over: the message whose subject it bears, and those whose words go in it.

    `counts`: it takes the person's one place of the day.
    """

    carrier: Message
    riders: tuple[Message, ...] = ()
    counts: bool = False

    @property
    def messages(self) -> tuple[Message, ...]:
        return (self.carrier, *self.riders)


@dataclass(frozen=True, slots=True)
class Packed:
    """`put_off` has to wait for another day; what is in neither list was only fetched in case it fitted."""

    parcels: list[Parcel] = field(default_factory=list)
    put_off: list[Message] = field(default_factory=list)


def reader_of(message: Message) -> Reader:
    return message.patient_id, message.contact_id


def pack(
    messages: Sequence[Message],
    kinds: Mapping[str, MessageKind],
    *,
    now: dt.datetime,
    had_theirs: set[Reader],
) -> Packed:
    """Group what is in hand by reader, the earliest planned first; `had_theirs` got the mail of this day already.

    News of a change goes by itself, at once; what rides may go in it. Of several mails that count, the first that can
    stand alone gives the subject. What is due later the same day is brought forward into a mail that goes now.
    """
    found = Packed()
    by_reader: dict[Reader, list[Message]] = defaultdict(list)
    for message in sorted(messages, key=lambda one: (one.planned_for, one.pk)):
        by_reader[reader_of(message)].append(message)
    for reader, mine in by_reader.items():
        _pack_for_one(found, mine, kinds, now=now, had_theirs=reader in had_theirs)
    return found


def _pack_for_one(
    found: Packed,
    mine: Sequence[Message],
    kinds: Mapping[str, MessageKind],
    *,
    now: dt.datetime,
    had_theirs: bool,
) -> None:
    news = [one for one in mine if not kinds[one.kind].counts]
    riding = [one for one in mine if kinds[one.kind].counts and kinds[one.kind].rides]
    standing = [one for one in mine if kinds[one.kind].counts and not kinds[one.kind].rides]
    goes_today = not had_theirs and any(one.next_at <= now for one in (*riding, *standing))
    host = next((one for one in news if kinds[one.kind].carries), None)
    if not (standing and goes_today) and host is not None:
        carried, riding = riding, []
    else:
        carried = []
    for one in news:
        found.parcels.append(Parcel(one, tuple(carried) if one is host else ()))
    counting = [*standing, *riding]
    if not goes_today:
        found.put_off.extend(one for one in counting if had_theirs and one.next_at <= now)
    elif counting:
        carrier = next((one for one in counting if kinds[one.kind].carries), counting[0])
        together = counting if kinds[carrier.kind].carries else [carrier]
        riders = tuple(one for one in together if one is not carrier)
        found.parcels.append(Parcel(carrier, riders, counts=True))

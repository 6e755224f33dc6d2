"""Reads of the words of mails: which there are, in which languages, who wrote them last, how many wait for them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max

from clinic import messaging
from clinic.enums import MessageState
from clinic.messaging import MessageKind
from clinic.models import Message, MessageText

_WAITING = (MessageState.PENDING, MessageState.LEASED)
_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class KindRow:
    """A kind on the list. `missing` are the languages in which it has no text: those mails go out in English."""

    kind: MessageKind
    newest: Mapping[str, MessageText]
    missing: Sequence[str]
    waiting: int

    @property
    def edited(self) -> MessageText | None:
        """The text that was written here last; None where all are as they came."""
        own = [row for row in self.newest.values() if not row.is_default]
        return max(own, key=lambda row: row.created_at, default=None)


def kinds(*, site_ids: Collection[UUID]) -> list[KindRow]:
    """Every kind, with its newest texts. Two queries."""
    rows = MessageText.objects.select_related("written_by").order_by("kind", "language", "-version")
    newest: dict[str, dict[str, MessageText]] = defaultdict(dict)
    for row in rows.distinct("kind", "language"):
        newest[row.kind][row.language] = row
    waiting = waiting_by_kind(site_ids=site_ids)
    return [
        KindRow(
            kind,
            newest[kind.key],
            [
                str(name)
                for code, name in settings.LANGUAGES
                if code not in newest[kind.key] and code not in kind.texts
            ],
            waiting.get(kind.key, 0),
        )
        for kind in messaging.all_kinds()
    ]


def waiting_by_kind(*, site_ids: Collection[UUID], kind: str | None = None) -> Mapping[str, int]:
    """How many mails wait, by kind: they go out with the words that stand then."""
    rows = Message.objects.filter(state__in=_WAITING, site_id__in=site_ids)
    if kind is not None:
        rows = rows.filter(kind=kind)
    return dict(rows.order_by("kind").values_list("kind").annotate(Count("pk")))


def versions(kind: str) -> Mapping[str, list[MessageText]]:
    """All versions of a kind's texts by language, the newest first. One query."""
    found: dict[str, list[MessageText]] = defaultdict(list)
    for row in MessageText.objects.filter(kind=kind).select_related("written_by").order_by("-version"):
        found[row.language].append(row)
    return found


def samples(kind: str, *, site_ids: Collection[UUID]) -> Sequence[tuple[str, str]]:
    """Record number and name of the patients who were last to get this mail. One query."""
    rows = Message.objects.filter(
        kind=kind, site_id__in=site_ids, patient__erased_at=None, patient__deceased_on=None
    )
    latest = rows.values("patient").annotate(at=Max("created_at")).order_by("-at")
    fields = latest.values_list("patient__record_number", "patient__given_name", "patient__family_name")
    return [(number, f"{given} {family}") for number, given, family in fields[:_SAMPLES]]

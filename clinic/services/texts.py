"""The words of each kind as rows: versions that never change, so that what was sent can be shown for ever.

A new version tells nothing again that was told: what waits is rendered with it when it goes out.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict

from django.conf import settings
from django.utils.translation import gettext as _

from clinic import audit, clock, messaging
from clinic.actors import Actor, Staff
from clinic.enums import Permission, Role
from clinic.exceptions import DomainError, InvalidInput, NotFound, StaleVersion
from clinic.messaging import DefaultText, MessageKind
from clinic.models import MessageText, User
from clinic.permissions import check
from clinic.policies import mail_words
from clinic.policies.mail_words import Problem
from clinic.transactions import explain_constraint, use_case

Key = tuple[str, str]
"""Kind and language."""


class TextRefused(InvalidInput):
    """Words that may not be saved, with everything that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].words, field=problems[0].field)
        self.problems = problems


def _written_meanwhile() -> DomainError:
    return StaleVersion(
        _(
            "Somebody else saved this text since you opened it. Your words still stand here: read theirs under "
            "“History”, then save yours."
        ),
        current_version=0,
    )


explain_constraint("one_text_per_version", _written_meanwhile)


@use_case
def write(
    *, by: Actor, kind: str, language: str, words: DefaultText, based_on: int, restores: int | None = None
) -> MessageText:
    """A new version of a kind's words in one language; the newest as it is, where nothing changed.

    `based_on` is the version that the writer had before them, 0 where there was none. Raises StaleVersion when there
    is a newer one, also when two save at the same instant, and TextRefused with everything that is wrong.
    """
    check(by, Permission.MANAGE_MESSAGES)
    known = kind_named(kind)
    if language not in dict(settings.LANGUAGES):
        raise InvalidInput(_("This language is not among those of the clinic."), field="language")
    words = tidied(words)
    if wrong := problems(known, words):
        raise TextRefused(wrong)
    latest = _latest([kind]).get((kind, language))
    if based_on != (latest.version if latest else 0):
        raise _written_meanwhile()
    if latest is not None and words_of(latest) == words:
        return latest
    row = MessageText.objects.create(
        kind=kind,
        language=language,
        version=based_on + 1,
        **asdict(words),
        is_default=False,
        created_at=clock.now(),
        written_by_id=by.user_id if isinstance(by, Staff) else None,
        restores=restores,
    )
    detail: audit.Detail = {"kind": kind, "language": language, "version": row.version}
    audit.record("clinic.message_text.written", by=by, about=[row], detail=detail)
    return row


@use_case
def restore(*, by: Actor, kind: str, language: str, version: int, based_on: int) -> MessageText:
    """The words of an earlier version once more, as a new one. Raises what `write` raises, NotFound for no such version."""
    check(by, Permission.MANAGE_MESSAGES)
    earlier = MessageText.objects.filter(kind=kind, language=language, version=version).first()
    if earlier is None:
        raise NotFound(_("There is no such version."))
    return write(
        by=by, kind=kind, language=language, words=words_of(earlier), based_on=based_on, restores=version
    )


def kind_named(key: str) -> MessageKind:
    """The kind, or NotFound."""
    try:
        return messaging.get(key)
    except KeyError:
        raise NotFound(_("There is no such kind of message.")) from None


def problems(kind: MessageKind, words: DefaultText) -> list[Problem]:
    """Everything that is wrong with these words. One query, for the names that no subject may hold."""
    names = User.objects.filter(role=Role.PHYSICIAN, is_active=True).values_list("full_name", flat=True)
    return list(
        mail_words.problems(tidied(words), known=messaging.known_placeholders(kind), names=list(names))
    )


def words_of(row: MessageText) -> DefaultText:
    return DefaultText(subject=row.subject, body=row.body, preheader=row.preheader)


def tidied(words: DefaultText) -> DefaultText:
    """As it is kept: one kind of line break, nothing at the ends, subject and preheader on one line."""
    lines = [line.rstrip() for line in words.body.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return DefaultText(
        subject=" ".join(words.subject.split()),
        body="\n".join(lines).strip(),
        preheader=" ".join(words.preheader.split()),
    )


@use_case
def sync(*, by: Actor) -> list[MessageText]:
    """Write a new version for each text whose default changed and which nobody edited here; return the new ones.

    Run after each migration. A text that was edited stays as the clinic wrote it.
    """
    check(by, Permission.MANAGE_MESSAGES)
    latest = _latest([kind.key for kind in messaging.all_kinds()])
    rows = [
        _version(key, default, after=latest.get(key))
        for key, default in _defaults()
        if _is_outdated(latest.get(key), default)
    ]
    MessageText.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        audit.record("clinic.message_texts.synced", by=by, detail={"count": len(rows)})
    return rows


def current(kinds: Collection[str]) -> dict[Key, MessageText]:
    """The newest text of each kind and language, one query. A default that has no row yet gets one."""
    latest = _latest(kinds)
    missing = [(key, default) for key, default in _defaults() if key[0] in kinds and key not in latest]
    if missing:
        MessageText.objects.bulk_create(
            [_version(key, default, after=None) for key, default in missing], ignore_conflicts=True
        )
        latest = _latest(kinds)
    return latest


def _latest(kinds: Collection[str]) -> dict[Key, MessageText]:
    rows = MessageText.objects.filter(kind__in=kinds)
    newest = rows.order_by("kind", "language", "-version").distinct("kind", "language")
    return {(row.kind, row.language): row for row in newest}


def _defaults() -> Iterator[tuple[Key, DefaultText]]:
    for kind in messaging.all_kinds():
        for language, text in kind.texts.items():
            yield (kind.key, language), text


def _is_outdated(latest: MessageText | None, default: DefaultText) -> bool:
    if latest is None:
        return True
    return latest.is_default and words_of(latest) != default


def _version(key: Key, default: DefaultText, *, after: MessageText | None) -> MessageText:
    kind, language = key
    return MessageText(
        kind=kind,
        language=language,
        version=after.version + 1 if after else 1,
        **asdict(default),
        is_default=True,
        created_at=clock.now(),
    )

"""The words of each kind as rows: versions that never change, so that what was sent can be shown for ever."""

from collections.abc import Collection, Iterator

from clinic import audit, clock, messaging
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.messaging import DefaultText
from clinic.models import MessageText
from clinic.permissions import check
from clinic.transactions import use_case

Key = tuple[str, str]
"""Kind and language."""


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
    return latest.is_default and (latest.subject, latest.body) != (default.subject, default.body)


def _version(key: Key, default: DefaultText, *, after: MessageText | None) -> MessageText:
    kind, language = key
    return MessageText(
        kind=kind,
        language=language,
        version=after.version + 1 if after else 1,
        subject=default.subject,
        body=default.body,
        is_default=True,
        created_at=clock.now(),
    )

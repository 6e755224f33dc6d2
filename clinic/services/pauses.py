"""Holding mails back, and letting them go again: a kind, a site, or everything.

A pause loses nothing and lets nothing stale out: what is held waits, ends as missed with its reason when its time is
over, and goes out at the site's pace once the pause is lifted. Each start asks the pauses anew in its own statement:
nothing is started after the commit of a pause.
"""

from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, messaging
from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import Conflict, IllegalMove, InvalidInput, NotAllowed, NotFound
from clinic.models import Pause, Site
from clinic.permissions import check
from clinic.services import claims
from clinic.transactions import explain_constraint, use_case

explain_constraint(
    "paused_once", lambda: Conflict(_("This is paused already. Reload to see by whom and why."))
)


@use_case
def pause(*, by: Staff, site_id: UUID | None, kind: str = "", note: str) -> Pause:
    """Hold back, from now on, what goes out at this site, or everywhere where none is given: one kind, or all.

    Everywhere may be paused by a manager who works at every site in use. Raises Conflict where just this is paused
    already; of two at once the database lets one.
    """
    _check(by, site_id)
    if kind and kind not in {known.key for known in messaging.all_kinds()}:
        raise InvalidInput(_("There is no such kind of message."), field="kind")
    if not note.strip() or "\x00" in note or len(note) > 200:
        raise InvalidInput(_("Say in a few words why, for whoever wonders later."), field="note")
    row = Pause.objects.create(
        site_id=site_id, kind=kind, note=note.strip(), paused_at=clock.now(), paused_by_id=by.user_id
    )
    _record("clinic.messages.paused", row, by)
    return row


@use_case
def resume(*, by: Staff, pause_id: UUID) -> Pause:
    """Let go what this pause held. What came too late meanwhile is missed first; the rest goes at the site's pace."""
    check(by, Permission.MANAGE_MESSAGES)
    row = Pause.objects.select_for_update(no_key=True).filter(pk=pause_id).first()
    if row is None:
        raise NotFound(_("There is no such pause at your site."))
    _check(by, row.site_id)
    if row.resumed_at is not None:
        raise IllegalMove(_("This pause is over already."))
    while claims.expire(clock.now()) >= claims.EXPIRED_AT_ONCE:
        pass  # while the pause is still in force, so that each says why
    row.resumed_at, row.resumed_by_id = clock.now(), by.user_id
    row.save(update_fields=["resumed_at", "resumed_by"])
    _record("clinic.messages.resumed", row, by)
    return row


def may_pause_everywhere(by: Staff) -> bool:
    """Whether every site in use is one of theirs."""
    in_use = set(Site.objects.filter(is_active=True).values_list("pk", flat=True))
    return in_use <= by.site_ids


def _check(by: Staff, site_id: UUID | None) -> None:
    check(by, Permission.MANAGE_MESSAGES, site_id=site_id)
    if site_id is None and not may_pause_everywhere(by):
        raise NotAllowed(_("Only a manager who works at every site can do this for all of them."))


def _record(action: str, row: Pause, by: Staff) -> None:
    audit.record(action, by=by, about=[row], site_id=row.site_id, detail={"kind": row.kind})

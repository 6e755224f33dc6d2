"""What the views of this app share: rows of the actor's sites, refusals as form errors."""

from uuid import UUID

from django import forms
from django.utils.translation import gettext as _

from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import DomainError, InvalidInput, NotFound
from clinic.permissions import can
from treatments.models import Course, Session
from treatments.selectors import history, records
from treatments.selectors.history import History
from treatments.selectors.record_rows import RecordRows


def history_for(by: Staff, course_id: UUID) -> History:
    """The course's page, at one of the person's sites."""
    found = history.course_history(course_id)
    if found is None or not can(by, Permission.VIEW_CLINICAL, site_id=found.course.site_id):
        raise NotFound(_("There is no such course."))
    return found


def course_for(by: Staff, course_id: UUID) -> Course:
    """A course at one of the person's sites."""
    course = history.with_context(Course.objects.filter(pk=course_id)).first()
    if course is None or not can(by, Permission.VIEW_CLINICAL, site_id=course.site_id):
        raise NotFound(_("There is no such course."))
    return course


def session_for(by: Staff, session_id: UUID) -> RecordRows:
    """A session with its whole record, at one of the person's sites."""
    found = records.of(session_id)
    if found is None or not can(by, Permission.VIEW_CLINICAL, site_id=found.session.site_id):
        raise NotFound(_("There is no such session."))
    return found


def session_row(by: Staff, session_id: UUID) -> Session:
    """A session at one of the person's sites, without what was written about it."""
    found = Session.objects.select_related("course", "site").filter(pk=session_id).first()
    if found is None or not can(by, Permission.VIEW_CLINICAL, site_id=found.site_id):
        raise NotFound(_("There is no such session."))
    return found


def refuse(form: forms.BaseForm, error: DomainError) -> None:
    """Show a service's refusal beside its field, or in the summary."""
    if error.status in (403, 404):
        raise error
    field = error.field if isinstance(error, InvalidInput) else None
    form.add_error(field if field in form.fields else None, error.message)

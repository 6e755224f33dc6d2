"""What the lines of a cohort report are called."""

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext as _

from scheduling.models import Resource
from treatments.enums import Structure
from treatments.models import CourseSummary, Protocol
from treatments.selectors.cohorts import Group


def of(group: Group, keys: Collection[str]) -> dict[str, str]:
    """A name for each key of a group's parts. One query at most."""
    if group == Group.PHYSICIAN:
        rows = Resource.objects.filter(pk__in=_keys(keys)).values_list("pk", "name")
        return {str(key): name for key, name in rows}
    if group == Group.PROTOCOL:
        return _protocols(keys)
    if group == Group.TARGET:
        labels = dict(Structure.choices)
        return {key: str(labels.get(key, key)) for key in keys}
    words = {"?": _("not classified"), CourseSummary.MIXED: _("several classes")}
    return {key: words.get(key, key) for key in keys}


def _protocols(keys: Collection[str]) -> dict[str, str]:
    """Those of several sites that share a name are told apart by their site."""
    rows = list(
        Protocol.objects.filter(pk__in=_keys(keys)).order_by("name").values_list("pk", "name", "site__name")
    )
    names = [name for _key, name, _site in rows]
    return {str(key): f"{name} · {site}" if names.count(name) > 1 else name for key, name, site in rows}


def _keys(keys: Collection[str]) -> list[UUID]:
    return [UUID(key) for key in keys if key != "?"]

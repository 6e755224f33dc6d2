"""What is to be held back, and why."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic import messaging
from clinic.forms.base import ClinicForm, Row
from clinic.forms.fields import LineField
from clinic.models import Site

EVERYWHERE = "everywhere"


class PauseForm(ClinicForm):
    """Which mails wait, and why. Everywhere only where the person may decide for every site."""

    submit_label = _("Hold these mails back")

    where = forms.ChoiceField(label=_("Where"))
    kind = forms.ChoiceField(label=_("Which mails"), required=False)
    note = LineField(
        label=_("Why"), max_length=200, help_text=_("For whoever wonders later why nothing goes out.")
    )

    def __init__(self, *args: Any, sites: Sequence[Site], everywhere: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        places: list[tuple[str, Any]] = [(str(site.pk), site.name) for site in sites]
        if everywhere and len(places) > 1:
            places.append((EVERYWHERE, _("Everywhere")))
        kinds: list[tuple[str, Any]] = [("", _("All mails"))]
        kinds += sorted(
            ((kind.key, str(kind.name)) for kind in messaging.all_kinds()), key=lambda one: one[1]
        )
        self.fields["where"].choices = places  # type: ignore[attr-defined]  # a ChoiceField has them
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]

    def layout(self) -> Layout:
        return Layout(Row("where", "kind"), "note")

    @property
    def site_id(self) -> UUID | None:
        where = self.cleaned_data["where"]
        return None if where == EVERYWHERE else UUID(where)

"""What every form has: labels above, help under the label, an error summary that takes the focus, one button.

    class PatientForm(ClinicForm):
        submit_label = _("Save")
        given_name = forms.CharField(label=_("Given name"))

Show it with `{% load crispy_forms_tags %}{% crispy form %}`. Several fields in one line: `Row("a", "b")` in `layout()`.
"""

import datetime as dt
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from crispy_forms.layout import Fieldset as CrispyFieldset
from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ClinicHelper(FormHelper):  # type: ignore[misc]  # crispy ships no types
    """How crispy writes our forms. Public attributes reach the template `_components/form.html`."""

    template = "_components/form.html"
    field_template = "_components/field.html"
    form_class = "form"

    def __init__(self, form: forms.BaseForm) -> None:
        super().__init__(form)
        self.attrs: dict[str, Any] = {
            "novalidate": True
        }  # the server's words, in a summary, rather than the browser's bubbles
        self.submit_label: str | Promise = ""
        self.cancel_url = ""
        self.cancel_label: str | Promise = ""
        self.danger = False


class Row(Div):  # type: ignore[misc]  # crispy ships no types
    """Fields side by side, below each other where there is no room."""

    css_class = "field-row"


class Section(CrispyFieldset):  # type: ignore[misc]  # crispy ships no types
    """A titled group of fields: Section(_("How to reach them"), "email", "phone")."""

    def __init__(self, legend: str | Promise, *fields: Any) -> None:
        super().__init__(legend, *fields, css_class="form-section")


class ClinicFormMixin:
    """Gives a form its `helper`. A view may set `cancel_url` and `action` on the form."""

    submit_label: str | Promise = ""
    cancel_url: str = ""
    cancel_label: str | Promise = ""
    danger: bool = False
    action: str = ""
    form_tag: bool = True
    form_attrs: dict[str, str] = {}
    form_class: str = "form"

    def layout(self) -> Layout | None:
        """Override to order, group or pair the fields; every field in turn otherwise."""
        return None

    @property
    def helper(self) -> ClinicHelper:
        helper = ClinicHelper(self)  # type: ignore[arg-type]  # the mixin is only ever used on forms
        helper.layout = self.layout() or helper.layout
        helper.submit_label = self.submit_label
        helper.cancel_url, helper.cancel_label = self.cancel_url, self.cancel_label
        helper.danger = self.danger
        helper.form_action = self.action
        helper.form_tag = self.form_tag
        helper.form_class = self.form_class
        helper.attrs.update(self.form_attrs)
        return helper


class ClinicForm(ClinicFormMixin, forms.Form):
    """A plain form."""


class ClinicModelForm(ClinicFormMixin, forms.ModelForm):  # type: ignore[type-arg]  # generic over each form's own model
    """A form over a model's fields. Services write; `save()` is not called."""


class DateInput(forms.DateInput):
    """The browser's own date field, which needs ISO dates."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """The browser's own time field, to the minute."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%H:%M")


class DateField(forms.DateField):
    """A day of our times. Beyond the years a slip of the finger, and arithmetic with it would overflow."""

    widget = DateInput
    years = (1900, 2200)

    def to_python(self, value: Any) -> dt.date | None:
        day: dt.date | None = super().to_python(value)
        if day is not None and not self.years[0] <= day.year <= self.years[1]:
            raise ValidationError(_("Check the year of this date."), code="year")
        return day


class TimeField(forms.TimeField):
    widget = TimeInput

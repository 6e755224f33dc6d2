"""What to print: which labels, how many, on which stock."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from clinic.forms.choices import choice_field

MOST = 12


class LabelForm(forms.Form):
    """Read from the address: a page of labels can be opened again as it was."""

    tubes = forms.IntegerField(label=_("Tubes"), min_value=0, max_value=MOST, initial=2, required=False)
    syringes = forms.IntegerField(label=_("Syringes"), min_value=0, max_value=MOST, initial=2, required=False)
    size = forms.ChoiceField(label=_("Label"), required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        sizes = [(size, size.replace("x", " × ") + " mm") for size in settings.LABEL_SIZES]
        choice_field(self, "size").choices = sizes

    def chosen(self) -> tuple[int, int, str]:
        """Numbers of both and the stock; what is missing or makes no sense is as if it had not been said."""
        said = self.cleaned_data if self.is_valid() else {}
        tubes, syringes = said.get("tubes"), said.get("syringes")
        if tubes is None and syringes is None:
            tubes, syringes = 2, 2
        return tubes or 0, syringes or 0, said.get("size") or settings.LABEL_SIZE

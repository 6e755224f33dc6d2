"""What a person accepts against a rule's warning: the reason beside the codes of what they had read."""

from django import forms

from scheduling.rules import Override


class AcceptForm(forms.Form):
    """Both fields stand with the warning itself, so that nobody accepts what they have not read."""

    override_reason = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
    override_codes = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    @property
    def override(self) -> Override | None:
        """None unless a reason was given for the codes that were shown."""
        reason = self.cleaned_data.get("override_reason", "").strip()
        codes = frozenset(self.cleaned_data.get("override_codes", "").split())
        return Override(reason=reason, codes=codes) if reason and codes else None

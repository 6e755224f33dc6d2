"""A device of the clinic in a patient's hands: it shows their page and nothing else until staff take it back."""

from typing import cast

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.enums import Permission
from clinic.forms.tablet import TakeBackForm
from clinic.middleware import HANDED_OVER
from clinic.models import Link, User
from clinic.permissions import requires
from clinic.services import links

_BACK = "handed_over_from"


def hand_over(request: HttpRequest, link: Link, *, back: str) -> HttpResponseRedirect:
    """Lock this session to the patient's page. Whoever hands it over knows the patient: no birth date is asked.

    `back` is where the member of staff goes on afterwards.
    """
    request.session[HANDED_OVER], request.session[_BACK] = str(link.pk), back
    return HttpResponseRedirect(reverse("clinic:link", args=[links.token_of(link)]))


@requires(Permission.VIEW_PATIENTS)
@require_http_methods(["GET", "POST"])
def take_back(request: HttpRequest) -> HttpResponse:
    """The one way out of a device that is in a patient's hands: the password of whoever is signed in."""
    form = TakeBackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = cast(User, request.user)
        if not ratelimit.consume(request, action="reauthenticate", user=user):
            form.add_error(None, _("Too many attempts. Wait a minute."))
        elif user.check_password(form.cleaned_data["password"]):
            request.session.pop(HANDED_OVER, None)
            back = str(request.session.pop(_BACK, ""))
            safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
            return redirect(back if safe else "clinic:home")
        else:
            form.add_error("password", _("That is not your password."))
    context = {
        "nav": None,
        "book_url": None,
        "form": form,
        "held": HANDED_OVER in request.session,
        "back": _page_in_hand(request),
    }
    return render(request, "clinic/link/take_back.html", context, status=422 if form.errors else 200)


def _page_in_hand(request: HttpRequest) -> str:
    """The patient's own page, for whoever came here by mistake."""
    key = str(request.session.get(HANDED_OVER, ""))
    link = Link.objects.filter(pk=key).first() if key else None
    return reverse("clinic:link", args=[links.token_of(link)]) if link else ""

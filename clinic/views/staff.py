"""Staff accounts and the site's settings, for managers."""

from smtplib import SMTPException
from uuid import UUID

import structlog
from allauth.account.forms import ResetPasswordForm
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic.enums import Permission
from clinic.forms.staff import SiteForm, StaffForm, staff_initial
from clinic.models import Site, User
from clinic.permissions import actor_of, requires
from clinic.selectors import sites_of
from clinic.selectors import staff as selectors
from clinic.selectors.sites import SESSION_KEY
from clinic.services import sites, staff
from clinic.services.sites import EDITABLE
from clinic.views.common import answered, at_site

log = structlog.get_logger(__name__)


@requires(Permission.MANAGE_STAFF)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "clinic/staff/list.html", {"staff": list(selectors.staff(actor_of(request)))})


@requires(Permission.MANAGE_STAFF)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make an account; its owner sets the password by the link in a mail."""
    by = actor_of(request)
    form = StaffForm(request.POST or None, sites=sites_of(by))
    if request.method == "GET" or not form.is_valid():
        return _page(request, form)
    data, made = form.data_now, list[User]()
    if not answered(form, lambda: made.append(staff.create(by=by, data=data))):
        return _page(request, form)
    _send_link(request, made[0])
    return redirect("clinic:staff-list")


@requires(Permission.MANAGE_STAFF)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, user_id: UUID) -> HttpResponse:
    by = actor_of(request)
    user = selectors.member(by, user_id)
    form = StaffForm(request.POST or None, initial=staff_initial(user), sites=sites_of(by))
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, user)
    data = form.data_now
    if not answered(form, lambda: staff.update(by=by, user_id=user_id, data=data)):
        return _page(request, form, user)
    messages.success(request, _("Saved."))
    return redirect("clinic:staff-list")


@requires(Permission.MANAGE_STAFF)
@require_POST
def invite(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Send the link to set a password once more."""
    _send_link(request, selectors.member(actor_of(request), user_id))
    return redirect("clinic:staff-list")


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def site(request: HttpRequest, site: Site) -> HttpResponse:
    """The settings of the site that the manager works at now."""
    initial = {name: getattr(site, name) for name in EDITABLE}
    form = SiteForm(request.POST or None, is_new=False, initial=initial)
    by = actor_of(request)
    if request.method == "POST" and form.is_valid():
        values = form.values
        if answered(form, lambda: sites.update(by=by, site_id=site.pk, values=values)):
            messages.success(request, _("Saved."))
            return redirect("clinic:site")
    return render(
        request, "clinic/staff/site.html", {"form": form, "site": site}, status=422 if form.errors else 200
    )


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def site_new(request: HttpRequest, site: Site) -> HttpResponse:
    """Add a place; the manager works there from then on, and what it still needs is said on the next page."""
    like = ("emergency_phone", "time_zone", "quiet_from", "quiet_until", "country", "region", "reply_to")
    form = SiteForm(request.POST or None, is_new=True, initial={name: getattr(site, name) for name in like})
    form.submit_label = gettext_lazy("Add the site")
    form.cancel_url = reverse("clinic:site-list")
    by, made = actor_of(request), list[Site]()
    if request.method == "POST" and form.is_valid():
        values = form.values
        if answered(form, lambda: made.append(sites.create(by=by, values=values))):
            request.session[SESSION_KEY] = str(made[0].pk)
            messages.success(
                request,
                _("%(site)s is added, and you work there now. Give it rooms, people and hours.")
                % {"site": made[0].name},
            )
            return redirect("clinic:home")
    context = {"form": form, "site": None}
    return render(request, "clinic/staff/site.html", context, status=422 if form.errors else 200)


def _send_link(request: HttpRequest, user: User) -> None:
    """Mail the link for a first or a new password. The account stands whether or not the mail server answers."""
    form = ResetPasswordForm({"email": user.email})
    try:
        if form.is_valid():
            form.save(request)
    except (OSError, SMTPException) as error:
        log.warning("staff_link_not_sent", error=type(error).__name__)
        messages.error(
            request,
            _("The account is there, but the mail with the link could not be sent. Send it again later."),
        )
        return
    messages.success(request, _("A mail with a link to set the password is on its way."))


def _page(request: HttpRequest, form: StaffForm, user: User | None = None) -> HttpResponse:
    form.cancel_url = reverse("clinic:staff-list")
    return render(
        request, "clinic/staff/form.html", {"form": form, "member": user}, status=422 if form.errors else 200
    )

"""All addresses. Each view declares its permission; `tests/test_urls.py` walks every one as every role."""

from django.urls import include, path

from clinic.views import health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("account/", include("allauth.urls")),
    path("schedule/", include("scheduling.urls")),
    path("treatments/", include("treatments.urls")),
    path("", include("clinic.page_urls")),
]

handler400 = "clinic.views.errors.bad_request"
handler403 = "clinic.views.errors.forbidden"
handler404 = "clinic.views.errors.not_found"
handler500 = "clinic.views.errors.server_error"

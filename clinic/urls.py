"""All addresses. Each view declares its permission; `tests/test_urls.py` walks every one as every role."""

from django.urls import include, path

from clinic.views import health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("account/", include("allauth.account.urls")),
    path("", include("clinic.page_urls")),
]

"""Addresses of the protocols, under "treatments/protocols/"."""

from django.urls import path

from treatments.views import protocol_edit as edit
from treatments.views import protocols as read

_VERSION = "versions/<uuid:version_id>"
_LINE = f"{_VERSION}/<slug:section>/<int:line>"

urlpatterns = [
    path("", read.protocol_list, name="protocol-list"),
    path("new/", read.protocol_new, name="protocol-new"),
    path("<uuid:protocol_id>/draft/", read.protocol_draft, name="protocol-draft"),
    path("<uuid:protocol_id>/in-use/", read.protocol_in_use, name="protocol-in-use"),
    path(f"{_VERSION}/", read.protocol_version, name="protocol-version"),
    path(f"{_VERSION}/compare/", read.protocol_compare_view, name="protocol-compare"),
    path(f"{_VERSION}/sign/", read.protocol_sign, name="protocol-sign"),
    path(f"{_VERSION}/discard/", read.protocol_discard, name="protocol-discard"),
    path(f"{_VERSION}/plan/", edit.protocol_plan, name="protocol-plan"),
    path(f"{_VERSION}/<slug:section>/", edit.protocol_section, name="protocol-section"),
    path(f"{_LINE}/", edit.protocol_line, name="protocol-line"),
    path(f"{_LINE}/raise/", edit.protocol_line_move, {"act": "raise"}, name="protocol-line-raise"),
    path(f"{_LINE}/remove/", edit.protocol_line_move, {"act": "remove"}, name="protocol-line-remove"),
]

"""Addresses of the clinic app's pages. Keys are UUIDs; names and birth dates never stand in an address."""

from django.urls import path

from clinic.views import calls, contacts, home, links, messages, patient_end, patients, staff, tablet, tasks

app_name = "clinic"

urlpatterns = [
    path("", home.home, name="home"),
    path("sites/", home.sites, name="site-list"),
    path("sites/<uuid:site_id>/work/", home.switch_site, name="site-switch"),
    path("patients/", patients.index, name="patient-list"),
    path("patients/search/", patients.search, name="patient-search"),
    path("patients/new/", patients.new, name="patient-new"),
    path("patients/<uuid:patient_id>/", patients.detail, name="patient-detail"),
    path("patients/<uuid:patient_id>/edit/", patients.edit, name="patient-edit"),
    path("patients/<uuid:patient_id>/deceased/", patient_end.deceased, name="patient-deceased"),
    path("patients/<uuid:patient_id>/not-deceased/", patient_end.not_deceased, name="patient-not-deceased"),
    path("patients/<uuid:patient_id>/household/leave/", patient_end.leave_household, name="household-leave"),
    path("patients/<uuid:patient_id>/erase/", patient_end.erase, name="patient-erase"),
    path("patients/<uuid:patient_id>/contacts/new/", contacts.new, name="contact-new"),
    path("patients/<uuid:patient_id>/tasks/new/", tasks.new, name="patient-task-new"),
    path("patients/<uuid:patient_id>/calls/", calls.pane, name="call-pane"),
    path("contacts/<uuid:contact_id>/", contacts.edit, name="contact-edit"),
    path("contacts/<uuid:contact_id>/end/", contacts.end, name="contact-end"),
    path("tasks/", tasks.index, name="task-list"),
    path("tasks/new/", tasks.new, name="task-new"),
    path("tasks/<uuid:task_id>/claim/", tasks.claim, name="task-claim"),
    path("tasks/<uuid:task_id>/put-back/", tasks.put_back, name="task-put-back"),
    path("tasks/<uuid:task_id>/finish/", tasks.finish, name="task-finish"),
    path("tasks/<uuid:task_id>/hand-over/", tasks.assign, name="task-assign"),
    path("tasks/<uuid:task_id>/drop/", tasks.drop, name="task-drop"),
    path("tasks/<uuid:task_id>/reopen/", tasks.reopen, name="task-reopen"),
    path("messages/", messages.index, name="message-list"),
    path("messages/<uuid:message_id>/", messages.detail, name="message-detail"),
    path("messages/<uuid:message_id>/letter/", messages.letter, name="message-letter"),
    path("messages/<uuid:message_id>/retry/", messages.retry, name="message-retry"),
    path("patients/<uuid:patient_id>/messages/", messages.pane, name="message-pane"),
    path("staff/", staff.index, name="staff-list"),
    path("staff/new/", staff.new, name="staff-new"),
    path("staff/<uuid:user_id>/", staff.edit, name="staff-edit"),
    path("staff/<uuid:user_id>/invite/", staff.invite, name="staff-invite"),
    path("site/", staff.site, name="site"),
    path("sites/new/", staff.site_new, name="site-new"),
    path("l/<str:link_token>/", links.enter, name="link"),
    path("patients/<uuid:patient_id>/links/unlock/", links.unlock, name="link-unlock"),
    path("tablet/return/", tablet.take_back, name="tablet-return"),
]

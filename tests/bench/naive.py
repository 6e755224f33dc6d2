"""The design that the outbox replaces: one Celery task a mail, the mail sent in it, the row marked afterwards.

With the same rendering. `NAIVE_LATE=1` acknowledges a task after it ran instead of before.
"""

import os

import django
from celery import Celery

django.setup()

from clinic.models import Message  # noqa: E402 - models need the apps
from clinic.services import drafts  # noqa: E402
from tests.bench.mail_kind import KIND, known  # noqa: E402

_registered = known()
_registered.__enter__()
LATE = os.environ.get("NAIVE_LATE") == "1"
app = Celery("naive", broker=os.environ["REDIS_URL"])
app.conf.update(
    task_acks_late=LATE,
    task_reject_on_worker_lost=LATE,
    task_ignore_result=True,
    task_default_queue="naive-late" if LATE else "naive-early",
    broker_transport_options={"visibility_timeout": 5},
    worker_hijack_root_logger=False,
)


@app.task(name="naive.send")
def send(key: str) -> None:
    """As tutorials write it: look, send, mark."""
    from clinic import mailing
    from clinic.smtp import Channel

    message = Message.objects.select_related("site", "patient", "contact").get(pk=key)
    if message.state != "pending" or message.kind != KIND.key:
        return
    draft = drafts.make([message])[message.pk]
    envelope = mailing.envelope(
        drafts.rendered(message, draft), key=message.pk, site=message.site, recipient=draft.address
    )
    channel = Channel()
    channel.connect()
    channel.send(envelope)
    channel.close()
    Message.objects.filter(pk=key).update(state="sent")

"""The Celery application: worker and beat."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config import embedded

app = Celery("recollect")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def check_role(**_: Any) -> None:
    """Start the embedded services when they are used, and refuse an unsafe role."""
    from django.db import connection

    from accounts.checks import refuse_unsafe_role

    embedded.ensure_if_used()
    refuse_unsafe_role()
    # The processes that do the work make their own connections: an inherited one, or
    # one that Celery closes beneath the pool, answers nobody.
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # not in the stubs

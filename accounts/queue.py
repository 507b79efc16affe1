"""Sends work to Celery once the transaction is through."""

import logging
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue(task: str, **ids: UUID) -> None:
    """Send a task by name after the commit; it gets the ids as text.

    A queue that is away costs time, not work: the schedule finds what is left undone.
    """

    def send() -> None:
        try:
            current_app.send_task(
                task, kwargs={name: str(value) for name, value in ids.items()}
            )
        except OperationalError:
            logger.warning("%s was not enqueued: the queue is away", task)

    transaction.on_commit(send)

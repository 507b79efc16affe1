"""The composition root: settings, URLs, ASGI, Celery and the embedded services."""

from config.celery import app as celery

__all__ = ["celery"]

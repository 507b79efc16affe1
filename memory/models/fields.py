"""Fields that several tables of memory have."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


def tags() -> ArrayField:  # type: ignore[type-arg]  # generic in the stubs only
    """Return a list of short labels."""
    return ArrayField(models.CharField(max_length=120), default=list, blank=True)

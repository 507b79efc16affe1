"""What the templates need to show a conversation, and how it gets into memory."""

from collections.abc import Mapping
from datetime import datetime

from django import template
from django.utils import timezone

from accounts.templatetags.ui import span
from chat.rich_text import rendered
from memory.models import Consolidation

register = template.Library()
register.filter("rendered", rendered)


@register.filter
def consolidation_trigger(trigger: str) -> str:
    """Say what set a consolidation off."""
    return str(dict(Consolidation.Trigger.choices).get(trigger, ""))


@register.filter
def outcomes(counted: Mapping[str, int]) -> str:
    """Say what became of candidates, such as `3 added, 1 superseded`."""
    return ", ".join(f"{n} {what}" for what, n in counted.items()) or "No new facts"


@register.filter
def due_in(moment: datetime) -> str:
    """Say when something is due in its largest unit: `in 12 min`, or `now`."""
    left_s = (moment - timezone.now()).total_seconds()
    return f"in {span(left_s)}" if left_s >= 1 else "now"

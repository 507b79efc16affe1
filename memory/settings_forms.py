"""The forms of the settings of memory."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.forms import ReasonForm
from memory.models import MemorySettings
from memory.retention import KINDS, Kind, Rule

_TEN_YEARS_DAYS = 3_650


def _number(low: int, high: int, *, required: bool = True) -> forms.IntegerField:
    """Return a field for a whole number, that says in one way what it takes."""
    span = f"A whole number from {low:,} to {high:,}."
    messages = dict.fromkeys(("required", "invalid", "min_value", "max_value"), span)
    return forms.IntegerField(
        min_value=low, max_value=high, required=required, error_messages=messages
    )


class MemorySettingsForm(forms.ModelForm, ReasonForm):  # type: ignore[type-arg]  # generic in the stubs only
    """How the desk remembers."""

    buffer_messages = _number(4, 50)
    buffer_tokens = _number(500, 12_000)
    session_hours = _number(1, 8_760, required=False)
    live_sessions = _number(10, 100_000)
    trigger_tokens = _number(500, 32_000)
    trigger_messages = _number(4, 500)

    class Meta:
        model = MemorySettings
        fields = [
            "window",
            "buffer_messages",
            "buffer_tokens",
            "session_hours",
            "live_sessions",
            "trigger_tokens",
            "trigger_messages",
            "mask_messages",
        ]


class RetentionForm(forms.Form):
    """How long one kind of memory is kept, and how fast it ages; empty means never."""

    keep_days = _number(1, _TEN_YEARS_DAYS, required=False)
    half_life_days = _number(1, _TEN_YEARS_DAYS, required=False)

    def __init__(self, sent: Any = None, *, kind: Kind, rule: Rule) -> None:
        initial = {"keep_days": rule.keep_days, "half_life_days": rule.half_life_days}
        super().__init__(sent, prefix=kind.name, initial=initial)
        self.kind = kind
        if kind.half_life_days is None:
            del self.fields["half_life_days"]

    def clean_keep_days(self) -> int | None:
        """Refuse to keep for ever what always ends."""
        days: int | None = self.cleaned_data["keep_days"]
        if days is None and self.kind.always_ends:
            raise ValidationError("Say for how many days: these never stay for ever.")
        return days

    @property
    def rule(self) -> Rule:
        """What it asks for, once it is valid."""
        return Rule(
            self.cleaned_data["keep_days"], self.cleaned_data.get("half_life_days")
        )


def retention_forms(rules: Mapping[str, Rule], sent: Any = None) -> list[RetentionForm]:
    """Return a form for each kind of memory, in the order of `KINDS`."""
    return [
        RetentionForm(sent, kind=kind, rule=rules[name]) for name, kind in KINDS.items()
    ]

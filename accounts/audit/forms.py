"""The search of the audit log, as a form."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.audit import search
from accounts.models import User

# Digits of the largest `seq` that the database holds, less one to be sure.
_MAX_SEQ = 10**18


def _actors() -> list[tuple[str, str]]:
    staff = [(user.actor, str(user)) for user in User.objects.order_by("name")]
    return [
        ("", "Anybody"),
        *staff,
        (search.ASSISTANT, "The assistant, any model"),
        ("operator", "An operator, by a command"),
        ("system", "The system"),
    ]


def _actions() -> list[tuple[str, str]]:
    return [("", "Anything"), *((action, action) for action in search.actions())]


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "input"})


def _moment() -> forms.DateTimeInput:
    attrs = {"type": "datetime-local", "class": "input", "step": "60"}
    return forms.DateTimeInput(attrs=attrs, format="%Y-%m-%dT%H:%M")


class MomentField(forms.DateTimeField):
    """A moment, in UTC: the database knows no offset beyond sixteen hours."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment that a text says.

        Raises:
            ValidationError: It says none, or one before or after all time.
        """
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"]) from None


class SearchForm(forms.Form):
    """Who, what, about whom, from when to when; all of it optional."""

    customer = forms.CharField(
        required=False,
        max_length=254,
        widget=forms.TextInput(
            attrs={"class": "input", "placeholder": "Name, email or id"}
        ),
    )
    actor = forms.ChoiceField(required=False, choices=_actors, widget=_select())
    action = forms.ChoiceField(required=False, choices=_actions, widget=_select())
    since = MomentField(label="From (UTC)", required=False, widget=_moment())
    until = MomentField(label="To (UTC)", required=False, widget=_moment())
    before = forms.IntegerField(required=False, min_value=1, max_value=_MAX_SEQ)

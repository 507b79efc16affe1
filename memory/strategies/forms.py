"""The form in which a desk chooses its strategies."""

from typing import Final

from django import forms

from accounts.forms import ReasonForm

STRATEGIES: Final = (
    ("discrete", "Single facts, events, intents and issues"),
    ("preferences", "Preferences: what the customer likes, and how she is reached"),
    ("summary", "A summary of every conversation"),
    ("custom", "What you describe yourself"),
)


class StrategiesForm(ReasonForm):
    """Which strategies the desk uses; none of them remembers nothing."""

    strategies = forms.MultipleChoiceField(choices=STRATEGIES, required=False)

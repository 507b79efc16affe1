"""The forms of the settings of intents."""

from django import forms
from django.core.exceptions import ValidationError

from accounts.forms import ReasonForm
from memory.recall.intents import INTENTS

EXAMPLE_CHARS = 300
MESSAGE_CHARS = 2_000


class ExampleForm(forms.Form):
    """What a customer might write, and what that would be about."""

    intent = forms.ChoiceField(
        choices=[(kind.name, kind.title) for kind in INTENTS.values()]
    )
    text = forms.CharField(
        max_length=EXAMPLE_CHARS,
        error_messages={"required": "Write what a customer might say."},
    )

    def refuse(self, refusal: ValidationError) -> None:
        """Show a refusal of the service where it belongs: there is one text."""
        for message in refusal.messages:
            self.add_error("text", message)


class QuestionForm(forms.Form):
    """A message to try."""

    text = forms.CharField(
        max_length=MESSAGE_CHARS,
        error_messages={"required": "Write a message to try."},
    )


class DeciderForm(ReasonForm):
    """Who decides what a message is about."""

    intents_by_model = forms.BooleanField(required=False)

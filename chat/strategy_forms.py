"""The form of a strategy of the desk's own."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from accounts.forms import ReasonForm
from chat.desk_forms import JSONObjectField
from memory.extraction.strategies.custom import schema_problems
from memory.models import CustomStrategy

_INSTRUCTION_CHARS = 2_000


class StrategyForm(forms.ModelForm, ReasonForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A strategy in the desk's own words; the name stays, since its facts bear it."""

    name = forms.CharField(
        max_length=40,
        validators=[
            RegexValidator(
                r"\A[a-z][a-z0-9-]*\Z", "Small letters, digits and hyphens only."
            )
        ],
    )
    instructions = forms.CharField(max_length=_INSTRUCTION_CHARS)
    schema = JSONObjectField(error_messages={"required": "Describe what is kept."})

    class Meta:
        model = CustomStrategy
        fields = ["name", "instructions", "schema"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].disabled = not self.instance._state.adding

    def clean_name(self) -> str:
        """Refuse the name of another strategy."""
        name: str = self.cleaned_data["name"]
        others = CustomStrategy.objects.exclude(pk=self.instance.pk)
        if others.filter(name=name).exists():
            raise ValidationError("Another strategy has this name.")
        return name

    def clean_schema(self) -> dict[str, Any]:
        """Refuse a shape that no fact can be made of."""
        schema: dict[str, Any] = self.cleaned_data["schema"]
        if problems := schema_problems(schema):
            raise ValidationError(problems)
        return schema

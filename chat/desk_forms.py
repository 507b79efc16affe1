"""The forms of the desk's settings."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput

from accounts import time_zones
from accounts.forms import ReasonForm
from chat import sites
from chat.models import HttpTool

_SCHEMA_CHARS = 8_000


class SitesForm(ReasonForm):
    """The desk's own sites, one on each line."""

    sites = forms.CharField(required=False, max_length=10_000)

    def clean_sites(self) -> list[str]:
        """Return the sites as origins."""
        return sites.origins_of(self.cleaned_data["sites"])


class TimeZoneForm(ReasonForm):
    """The desk's clock."""

    time_zone = forms.CharField(validators=[time_zones.validate])


class JSONObjectField(forms.JSONField):
    """A JSON object that the database can keep."""

    def to_python(self, value: Any) -> Any:
        """Return what the text says.

        Raises:
            ValidationError: It is no JSON object, or nests beyond all measure.
        """
        if isinstance(value, str) and len(value) > _SCHEMA_CHARS:
            raise ValidationError(f"Up to {_SCHEMA_CHARS} characters.")
        try:
            found = super().to_python(value)
            kept = json.dumps(found, ensure_ascii=False).encode()
        except (RecursionError, UnicodeEncodeError):
            raise ValidationError(self.error_messages["invalid"]) from None
        if found is not None and (
            not isinstance(found, dict)
            or any(word in kept for word in (b"\\u0000", b"NaN", b"Infinity"))
        ):
            raise ValidationError("Write a JSON object.")
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return what was written as it was written, to be shown again."""
        return data if data is None else InvalidJSONInput(data)

    def prepare_value(self, value: Any) -> Any:
        """Return JSON as people read it."""
        if isinstance(value, InvalidJSONInput):
            return value
        return json.dumps(value, ensure_ascii=False, indent=2)


class ToolForm(forms.ModelForm, ReasonForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A tool; the value of its header goes in and never comes out."""

    parameters = JSONObjectField(
        error_messages={"required": "Describe the arguments, or write {}."}
    )
    header_value = forms.CharField(required=False, max_length=500)

    class Meta:
        model = HttpTool
        fields = [
            "name",
            "description",
            "url",
            "parameters",
            "header_name",
            "timeout_s",
            "cache_s",
        ]

    def clean_name(self) -> str:
        """Refuse the name of another tool."""
        name: str = self.cleaned_data["name"]
        if HttpTool.objects.filter(name=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError("Another tool has this name.")
        return name

    def clean(self) -> None:
        """Give the tool its header's value; empty, it keeps the one that it has.

        A value goes where the tool's address says, so a tool that is led to another
        place asks for it again.
        """
        written = self.cleaned_data.get("header_value", "")
        if written or not self.cleaned_data.get("header_name"):
            self.instance.header_value = written
        elif self._moved() and self.instance.header_value:
            self.add_error(
                "header_value", "The address leads elsewhere: write the value again."
            )

    def _moved(self) -> bool:
        before, now = self.initial.get("url", ""), self.cleaned_data.get("url", "")
        return _place(before) != _place(now)


def _place(url: str) -> str:
    """Return scheme, host and port, as they are written."""
    return "/".join(url.split("/", 3)[:3]).partition("?")[0].lower()


class TryForm(forms.Form):
    """A call of a tool, as the assistant would make it."""

    arguments = JSONObjectField(required=False)
    customer = forms.CharField(required=False, max_length=200)

"""The forms of the pages about memory and privacy."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.forms import ReasonForm, reason_field
from accounts.models import Customer
from memory import requests
from memory.llm import gateway
from memory.models import PrivacyRequest

_NAMES_SOMEBODY = "Leave out who it is: the receipt stays when the person is gone."


class AnonymousReasonForm(forms.Form):
    """Asks for a reason that outlives the people it is about, so it names nobody."""

    reason = reason_field("Say why: it is kept with the request.")

    def __init__(
        self, *args: Any, customers: Iterable[Customer] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.customers = customers

    def clean_reason(self) -> str:
        """Keep the customers out of it."""
        reason: str = self.cleaned_data["reason"]
        if requests.names_somebody(reason, self.customers):
            raise forms.ValidationError(_NAMES_SOMEBODY)
        return reason


class EraseCustomerForm(AnonymousReasonForm):
    """Asks for the customer's name and for the reason that the receipt keeps."""

    name = forms.CharField(
        max_length=200,
        error_messages={"required": "Type the name to go on."},
    )
    reason = reason_field("Say why: the receipt keeps the reason.")

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, customers=[customer], **kwargs)
        self.customer = customer

    def clean_name(self) -> str:
        """Accept the name that the desk shows, capitals and spacing aside."""
        name: str = self.cleaned_data["name"]
        if requests.plain(name) != requests.plain(self.customer.display_name):
            raise forms.ValidationError("That is not this customer's name.")
        return name


class CloseForm(AnonymousReasonForm):
    """Asks how a request ends, and why."""

    def __init__(
        self, *args: Any, endings: Sequence[PrivacyRequest.State], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(state.value), str(state.label)) for state in endings]
        self.fields["state"] = forms.ChoiceField(
            choices=choices, error_messages={"required": "Say how it ends."}
        )


class PeopleForm(forms.Form):
    """Asks whom a request is about: chosen from a search, or by pasted ids.

    Attributes:
        people: The customers that were meant, once it is valid.
    """

    ids = forms.CharField(required=False, max_length=60_000)
    people: list[Customer]

    def __init__(
        self, *args: Any, directory: QuerySet[Customer], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.directory = directory
        self.people = []
        gone = "One of them is not there any more."
        self.fields["customer"] = forms.ModelMultipleChoiceField(
            queryset=directory,
            required=False,
            error_messages={"invalid_choice": gone, "invalid_pk_value": gone},
        )

    def clean(self) -> dict[str, Any]:
        """Find the people behind the ids."""
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = cleaned.get("customer") or ()
        pasted = _lines(cleaned.get("ids", ""))
        if len(pasted) > requests.MAX_SUBJECTS:
            self.add_error("ids", f"{requests.MAX_SUBJECTS} at most, please.")
            return cleaned
        found = self._behind(pasted)
        self.people = list({each.id: each for each in [*chosen, *found]}.values())
        if not self.people and not self.errors:
            self.add_error("ids", "Say whom the request is about.")
        return cleaned

    def _behind(self, pasted: list[str]) -> list[Customer]:
        if not pasted:
            return []
        lowered = [text.lower() for text in pasted]
        found = self.directory.annotate(address=Lower("email")).filter(
            Q(external_id__in=pasted) | Q(address__in=lowered)
        )
        rows: list[Customer] = list(found)
        known = {row.external_id for row in rows} | {row.email.lower() for row in rows}
        unknown = [text for text in pasted if not {text, text.lower()} & known]
        if unknown:
            more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""  # noqa: PLR2004 - as many as are shown
            shown = ", ".join(text[:60] for text in unknown[:3])
            self.add_error("ids", f"Nobody here is known as {shown}{more}.")
        return rows


class OpenRequestForm(PeopleForm, AnonymousReasonForm):
    """Asks what a request is for, about whom, and why it is opened."""

    kind = forms.ChoiceField(
        choices=PrivacyRequest.Kind,
        error_messages={"required": "Say what was asked for."},
    )


def _lines(text: str) -> list[str]:
    parts = (part.strip() for part in text.splitlines())
    return list(dict.fromkeys(part for part in parts if part))


class ReembedForm(ReasonForm):
    """With which model another index is to be made, and why."""

    model = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"] = forms.ChoiceField(
            choices=[
                (name, f"{name} (built in)" if gateway.is_embedded(name) else name)
                for name in gateway.embedding_models()
            ],
            error_messages={"invalid_choice": "There is no such model here."},
        )

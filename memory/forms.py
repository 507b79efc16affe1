"""The forms of the privacy pages."""

from typing import Any

from django import forms

from accounts.models import Customer

_NAME_LETTERS = 3


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


class EraseCustomerForm(forms.Form):
    """Asks for the customer's name and for the reason that the receipt keeps."""

    name = forms.CharField(
        max_length=200,
        error_messages={"required": "Type the name to go on."},
    )
    reason = forms.CharField(
        max_length=300,
        error_messages={"required": "Say why: the receipt keeps the reason."},
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer

    def clean_name(self) -> str:
        """Accept the name that the desk shows, capitals and spacing aside."""
        name: str = self.cleaned_data["name"]
        if _plain(name) != _plain(self.customer.display_name):
            raise forms.ValidationError("That is not this customer's name.")
        return name

    def clean_reason(self) -> str:
        """Keep the customer out of the receipt, which outlives the erasure."""
        reason: str = self.cleaned_data["reason"]
        written = _plain(reason)
        told = (self.customer.name, self.customer.email, self.customer.external_id)
        if any(len(text) >= _NAME_LETTERS and _plain(text) in written for text in told):
            raise forms.ValidationError(
                "Leave out who it is: the receipt stays when the person is gone."
            )
        return reason

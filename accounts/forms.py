"""The forms of the pages about staff, and the reason that every page asks for."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from accounts.models import Invitation, User


def reason_field(required: str) -> forms.CharField:
    """Return the field in which somebody says why.

    Args:
        required: What is said when she does not: why it is asked, and what keeps it.
    """
    return forms.CharField(max_length=300, error_messages={"required": required})


class ReasonForm(forms.Form):
    """Asks why, for the audit log."""

    reason = reason_field("Say why: the audit log keeps the reason.")


class InviteForm(forms.Form):
    """Whom to invite, and what she may do."""

    email = forms.EmailField(error_messages={"required": "Whom do you invite?"})
    role = forms.ChoiceField(choices=User.Role.choices)


class RoleForm(ReasonForm):
    """Another role, and why."""

    role = forms.ChoiceField(choices=User.Role.choices)


class AcceptForm(forms.Form):
    """The name and the password of somebody who was invited."""

    name = forms.CharField(max_length=200)
    password = forms.CharField(max_length=200, strip=False)

    def __init__(
        self, *args: Any, invitation: Invitation, by_provider: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation
        if by_provider:
            del self.fields["password"]

    def clean_password(self) -> str:
        """Refuse what a guesser tries first, and the address itself."""
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.invitation.email))
        return password

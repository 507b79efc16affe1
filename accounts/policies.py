"""May this user do that, and on which rows: one answer for page, API and socket."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from accounts.models import User
from accounts.reauthentication import ask_who_it_is
from accounts.scope import tenant_scope

P = ParamSpec("P")
M = TypeVar("M", bound=Model)


class Power(StrEnum):
    """One thing that a role can do."""

    CHAT = "chat"
    READ_MEMORY = "read memory"
    CORRECT_MEMORY = "correct memory"
    ERASE_MEMORY = "erase memory"
    REVIEW_MEMORY = "review memory"
    PRIVACY = "privacy"
    READ_AUDIT = "read the audit log"
    MANAGE_USERS = "manage users"
    MANAGE_DESK = "manage the desk"


POWERS: dict[str, frozenset[Power]] = {
    User.Role.AGENT: frozenset({Power.CHAT, Power.READ_MEMORY, Power.CORRECT_MEMORY}),
    User.Role.ADMIN: frozenset(
        {
            Power.CHAT,
            Power.READ_MEMORY,
            Power.CORRECT_MEMORY,
            Power.ERASE_MEMORY,
            Power.REVIEW_MEMORY,
            Power.READ_AUDIT,
            Power.MANAGE_USERS,
            Power.MANAGE_DESK,
        }
    ),
    User.Role.COMPLIANCE: frozenset(
        {Power.READ_MEMORY, Power.PRIVACY, Power.READ_AUDIT}
    ),
}


def may(user: User, power: Power) -> bool:
    """Return whether this user's role has the power."""
    return user.is_active and power in POWERS.get(user.role, frozenset())


def signed_in_user(request: HttpRequest) -> User:
    """Return the staff member behind a request.

    Raises:
        PermissionDenied: Nobody is signed in.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def desk_view(power: Power, *, fresh: bool = False) -> Callable[[View[P]], View[P]]:
    """Let a view run for users with this power, inside their tenant's scope.

    The view must render before it returns: there is no scope afterwards.

    Args:
        power: What the user's role must allow.
        fresh: Whether she must have proved who she is in the last minutes. Otherwise
            she is asked, and what she sent is kept until she has.

    Raises:
        PermissionDenied: The user's role lacks the power.
    """

    def decorate(view: View[P]) -> View[P]:
        @login_required
        @wraps(view)
        def inner(
            request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            user = signed_in_user(request)
            if not may(user, power):
                raise PermissionDenied
            if fresh and (asked := ask_who_it_is(request, user)):
                return asked
            with tenant_scope(user.tenant_id):
                return view(request, *args, **kwargs)

        return inner

    return decorate


def fetch(rows: QuerySet[M], row_id: UUID, **lookups: Any) -> M:
    """Return one row of those that the open scope shows.

    Raises:
        Http404: It does not exist, or belongs to somebody else: both look the same.
    """
    row = rows.filter(pk=row_id, **lookups).first()
    if row is None:
        raise Http404
    return row

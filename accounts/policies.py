"""May this user do that, and on which rows: one answer for page, API and socket.

A role has powers; a policy says, for one model, which power each act needs and which
rows a user sees for it. Rows are fetched through their policy and in no other way.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from accounts.models import AuditEvent, Customer, Invitation, User
from accounts.reauthentication import ask_who_it_is
from accounts.scope import tenant_scope

P = ParamSpec("P")
M = TypeVar("M", bound=Model)


class Power(StrEnum):
    """One thing that a role can do."""

    CHAT = "chat"
    READ_MEMORY = "read memory"
    READ_ALL_MEMORY = "read the memory of every customer"
    CORRECT_MEMORY = "correct memory"
    ERASE_MEMORY = "erase memory"
    REVIEW_MEMORY = "review memory"
    PRIVACY = "privacy"
    APPROVE_ERASURE = "approve erasures"
    READ_AUDIT = "read the audit log"
    MANAGE_USERS = "manage users"
    MANAGE_DESK = "manage the desk"


POWERS: dict[str, frozenset[Power]] = {
    User.Role.AGENT: frozenset({Power.CHAT, Power.READ_MEMORY, Power.CORRECT_MEMORY}),
    User.Role.ADMIN: frozenset(
        {
            Power.CHAT,
            Power.READ_MEMORY,
            Power.READ_ALL_MEMORY,
            Power.CORRECT_MEMORY,
            Power.ERASE_MEMORY,
            Power.REVIEW_MEMORY,
            Power.APPROVE_ERASURE,
            Power.READ_AUDIT,
            Power.MANAGE_USERS,
            Power.MANAGE_DESK,
        }
    ),
    User.Role.COMPLIANCE: frozenset(
        {Power.PRIVACY, Power.APPROVE_ERASURE, Power.READ_AUDIT}
    ),
}


def may(user: User, power: Power) -> bool:
    """Return whether this user's role has the power."""
    return user.is_active and power in POWERS.get(user.role, frozenset())


# --- Policies ------------------------------------------------------------------------


class Act(StrEnum):
    """What somebody wants with a row.

    Attributes:
        FIND: Find out that it is there, by a name in a directory.
        READ: See what it says.
        LOOK: See the memory of whom it is about.
    """

    FIND = "find"
    READ = "read"
    LOOK = "look at the memory"
    CHANGE = "change"
    EXPORT = "export"
    ERASE = "erase"
    APPROVE = "approve"


class Rule:
    """Which power each act needs; nobody may do what is not named."""

    def __init__(self, powers: Mapping[Act, Power]) -> None:
        self.powers = powers

    def may(self, user: User, act: Act) -> bool:
        """Return whether this user may do that at all."""
        power = self.powers.get(act)
        return power is not None and may(user, power)


def _every_row(_user: User, _act: Act) -> Q:
    return Q()


class Policy(Rule, Generic[M]):
    """Who may do what to the rows of one model, and to which of them.

    Args:
        model: Whose rows; they have a tenant.
        powers: Which power each act needs.
        rows: Which rows of the desk a user with that power sees for an act.
    """

    def __init__(
        self,
        model: type[M],
        powers: Mapping[Act, Power],
        *,
        rows: Callable[[User, Act], Q] = _every_row,
    ) -> None:
        super().__init__(powers)
        self.model = model
        self._condition = rows
        POLICIES[model] = self

    def rows(
        self, user: User, act: Act, *, among: QuerySet[M] | None = None
    ) -> QuerySet[M]:
        """Return the rows that the user may do this to; none without the power.

        Args:
            user: Who asks.
            act: What for.
            among: The rows to choose from, with all that the caller wants loaded.
        """
        rows = cast(Any, self.model).objects.all() if among is None else among
        if not self.may(user, act):
            return cast(QuerySet[M], rows.none())
        narrowed = rows.filter(self._condition(user, act), tenant_id=user.tenant_id)
        return cast(QuerySet[M], narrowed)

    def fetch(
        self,
        user: User,
        act: Act,
        row_id: UUID,
        *,
        among: QuerySet[M] | None = None,
        **lookups: Any,
    ) -> M:
        """Return one row that the user may do this to.

        Raises:
            PermissionDenied: The user lacks the power, whatever the row.
            Http404: It does not exist, or is not hers to see: both look the same.
        """
        if not self.may(user, act):
            raise PermissionDenied
        return fetch(self.rows(user, act, among=among), row_id, **lookups)


# Every policy by its model; each app makes its own in its `policies` module.
POLICIES: dict[type[Model], Policy[Any]] = {}

WorksWith = Callable[[User], QuerySet[Any, Any]]
_works_with: list[WorksWith] = []


def agents_work_with(customer_ids: WorksWith) -> None:
    """Say whom an agent works with; `chat` does when it starts, being the one to know.

    Until then an agent sees nobody's memory.

    Args:
        customer_ids: Returns a query of the ids of a user's customers.
    """
    _works_with[:] = [customer_ids]


def memory_seen(customer: str) -> Callable[[User, Act], Q]:
    """Narrow rows to those about customers whose memory a user may see.

    Args:
        customer: The field with the customer's id.
    """

    def condition(user: User, act: Act) -> Q:
        if act is Act.FIND or may(user, Power.READ_ALL_MEMORY):
            return Q()
        hers = Q(pk__in=[])
        for customer_ids in _works_with:
            hers |= Q(**{f"{customer}__in": customer_ids(user)})
        return hers

    return condition


customers = Policy(
    Customer,
    {Act.FIND: Power.PRIVACY, Act.READ: Power.READ_MEMORY},
    rows=memory_seen("pk"),
)
users = Policy(User, {Act.READ: Power.MANAGE_USERS, Act.CHANGE: Power.MANAGE_USERS})
invitations = Policy(
    Invitation, {Act.READ: Power.MANAGE_USERS, Act.CHANGE: Power.MANAGE_USERS}
)
audit_events = Policy(AuditEvent, {Act.READ: Power.READ_AUDIT})


# --- Views ---------------------------------------------------------------------------


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

"""Owners of rows: each has one row in every table, and a mark in each of its texts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Protocol
from uuid import UUID, uuid4

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Field, Model
from django.utils import timezone

from accounts.models import Customer, CustomerModel, Tenant, TenantModel, User
from accounts.scope import identity_scope, tenant_scope

OURS = frozenset({"accounts", "memory", "chat"})


class Registry(Protocol):
    """`tests.isolation.victims`, which is written in terms of owners."""

    OF_NOBODY: dict[str, str]
    EMPTY: dict[str, str]
    HERS: dict[str, str]
    IN_STATES: dict[str, Any]
    VALUES: dict[str, dict[str, Any]]
    REFERENCES: dict[str, str]
    MORE: list[tuple[str, dict[str, Any]]]
    MAKERS: dict[str, Any]


def registry() -> Registry:
    from tests.isolation import victims

    return victims


def label(model: type[Model]) -> str:
    return str(model._meta.label)


def ask_for(what: str) -> AssertionError:
    """The failure of something new that nobody has thought of here."""
    return AssertionError(f"{what} in tests/isolation/victims.py")


@cache
def owned_models() -> tuple[type[Model], ...]:
    """Every model of the registry with rows of a tenant, directly or by a parent."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        if label(model) in registry().OF_NOBODY | registry().EMPTY:
            continue
        if owning_column(model) is None:
            raise ask_for(f"{label(model)} belongs to nobody: say why (OF_NOBODY)")
        found.append(model)
    return tuple(sorted(found, key=label))


@cache
def owning_column(model: type[Model]) -> str | None:
    """SQL that is true for the rows of the tenant `%(tenant)s`, if any is."""
    if model is Tenant:
        return "id = %(tenant)s"
    columns = {f.column for f in model._meta.concrete_fields}
    if "tenant_id" in columns:
        return "tenant_id = %(tenant)s"
    for field_ in relations(model):
        parent = field_.related_model
        above = owning_column(parent) if parent is not model else None
        if above is not None:
            table = parent._meta.db_table
            return f"{field_.column} in (select id from {table} where {above})"
    return None


def relations(model: type[Model]) -> list[Any]:
    """The foreign keys of a model to what is somebody's."""
    nobodys = registry().OF_NOBODY | registry().EMPTY
    return [
        f
        for f in model._meta.concrete_fields
        if f.related_model and label(f.related_model) not in nobodys
    ]


def about_customers(model: type[Model]) -> bool:
    return issubclass(model, CustomerModel) or model is Customer


def is_shared(model: type[Model]) -> bool:
    """Whether all customers of a tenant have the same row in the world."""
    return not about_customers(model) and label(model) not in registry().HERS


def has_scoped_manager(model: type[Model]) -> bool:
    return issubclass(model, (TenantModel, Tenant, User))


@cache
def loose_references() -> dict[str, type[Model]]:
    """Columns that hold ids of rows without a key that the database enforces."""
    return {
        f"{label(model)}.{f.name}": target
        for model in owned_models()
        for f in model._meta.concrete_fields
        if (target := _target(model, f)) is not None
    }


def _target(model: type[Model], f: Any) -> type[Model] | None:
    """The model whose id a plain UUID column holds, by registry or by its name."""
    base = f.base_field if isinstance(f, ArrayField) else f
    if not isinstance(base, models.UUIDField) or f.primary_key or f.is_relation:
        return None
    told = registry().REFERENCES.get(f"{label(model)}.{f.name}")
    if told is not None:
        return apps.get_model(told)
    name = f.name.removesuffix("s").removesuffix("_id")
    by_name = {
        m._meta.model_name: m for m in apps.get_models() if m._meta.app_label in OURS
    }
    return by_name.get(name) if name != f.name else None


@dataclass
class Owner:
    """One customer of one tenant, with a row of hers or of the tenant's everywhere.

    Attributes:
        mark: Begins every text of hers; nobody else's text holds it.
        rows: Her row of each model.
        more: Her further rows, by the names that the registry gives them.
        points_at: Whose rows the unenforced references of her rows name; her own, when
            None.
        number: Fills her numbers, so that no two rows of a kind are alike.
    """

    mark: str
    tenant: Tenant
    users: dict[str, User] = field(default_factory=dict)
    rows: dict[type[Model], Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    points_at: "Owner | None" = None
    number: int = 1
    tokens: int = 0

    @property
    def customer(self) -> Customer:
        found: Customer = self.row(Customer)
        return found

    def named(self, model_name: str) -> Any:
        """Her row of the model of that name."""
        return self.row(
            next(m for m in owned_models() if m._meta.model_name == model_name)
        )

    def token(self) -> str:
        """A text that is nowhere else."""
        self.tokens += 1
        return f"{self.mark}{self.tokens:03d}"

    def row(self, model: type[Model]) -> Any:
        """Her row of this model, made when it is not there yet."""
        if model not in self.rows:
            with tenant_scope(self.tenant.id):
                maker = registry().MAKERS.get(label(model))
                made = maker(self) if maker else self._introspected(model)
                self.rows[model] = made
        return self.rows[model]

    def everything(self) -> "Owner":
        """Make a row of every model."""
        for model in owned_models():
            self.row(model)
        with tenant_scope(self.tenant.id):
            for name, values in registry().MORE:
                model = apps.get_model(name)
                if about_customers(model):
                    self._introspected(model, values)
            for name, maker in registry().IN_STATES.items():
                self.more[name] = maker(self)
        return self

    def _introspected(
        self, model: type[Model], more: dict[str, Any] | None = None
    ) -> Model:
        told = registry().VALUES.get(label(model), {}) | (more or {})
        values = {name: v(self) if callable(v) else v for name, v in told.items()}
        for f in model._meta.concrete_fields:
            if f.name in values or f.primary_key:
                continue
            value = self._value(model, f)
            if value is not None:
                values[f.name] = value
        row = model(**values)
        try:
            row.save(force_insert=True)
        except Exception as error:
            raise ask_for(
                f"model {label(model)} has no victim ({error}): say how to make one"
                " (VALUES or MAKERS)"
            ) from error
        return row

    def _value(self, model: type[Model], f: Any) -> Any:
        if f.is_relation:
            return self._related(model, f)
        target = _target(model, f)
        if target is not None:
            found = (self.points_at or self).row(target).pk
            return [found] if isinstance(f, ArrayField) else found
        if f.choices:
            return None if f.has_default() or f.null else f.choices[0][0]
        # A default stays, unless it is an empty text, list or object.
        if f.has_default() and f.get_default():
            return None
        return self._plain(model, f)

    def _related(self, model: type[Model], f: Any) -> Any:
        related = f.related_model
        if related is Tenant:
            return self.tenant
        if related is User:
            return self.users[User.Role.AGENT]
        if related is model or f not in relations(model):
            return None
        return self.row(related)

    def _plain(self, model: type[Model], f: Any) -> Any:
        now = timezone.now()
        kinds: list[tuple[type[Field[Any, Any]], Any]] = [
            (models.EmailField, lambda: f"{self.token()}@example.org"),
            (models.CharField, lambda: self.token()[: f.max_length]),
            (models.TextField, self.token),
        ]
        for kind, text in kinds:
            if isinstance(f, kind):
                return text()
        if isinstance(f, ArrayField):
            inner = self._plain(model, f.base_field)
            return [inner] if inner is not None else []
        if f.has_default() and not isinstance(f, models.JSONField):
            return None
        if f.null:
            return None
        needed: list[tuple[type[Field[Any, Any]], Any]] = [
            (models.JSONField, lambda: {self.token(): 1}),
            (models.DateTimeField, lambda: now),
            (models.DateField, now.date),
            (models.BinaryField, lambda: self.token().encode()),
            (models.BooleanField, lambda: False),
            (models.IntegerField, lambda: self.number),
            (models.FloatField, lambda: 0.5),
            (models.DurationField, lambda: timedelta(days=1)),
            (models.GenericIPAddressField, lambda: "192.0.2.1"),
        ]
        for kind, make in needed:
            if isinstance(f, kind):
                return make()
        raise ask_for(
            f"{label(model)}.{f.name} cannot be filled: say what it holds"
            " (VALUES, or REFERENCES when it is the id of a row)"
        )


def new_tenant(mark: str) -> Tenant:
    with identity_scope():
        return Tenant.objects.create(slug=f"{mark}desk", name=f"{mark}desk")


def new_users(mark: str, tenant: Tenant) -> dict[str, User]:
    found = {}
    for role in User.Role.values:
        user = User(
            tenant=tenant,
            email=f"{mark}{role}@example.org",
            name=f"{mark}{role}",
            role=role,
        )
        user.set_password(f"{mark} signs in")
        with identity_scope():
            user.save()
        found[role] = user
    return found


def nobody() -> UUID:
    """An id that does not exist."""
    return uuid4()


def roles() -> Iterator[str]:
    yield from User.Role.values

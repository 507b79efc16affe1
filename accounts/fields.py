"""A column that holds ciphertext; see `accounts.secrets` for the keys."""

from typing import Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from accounts.secrets import decrypt, encrypt


class Sealed(str):
    """A secret as the database holds it; shows nothing of itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<sealed>"


class _Unsealing(DeferredAttribute):
    """Opens a secret each time it is read, and keeps only the sealed form."""

    field: "EncryptedTextField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        return decrypt(value) if isinstance(value, Sealed) else value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = _sealed(value)


def _sealed(value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, Sealed) or not value:
        return value
    return Sealed(encrypt(value))


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # generic in the stubs only
    """Text that is ciphertext in the column and in the object, and plain when read.

    What walks an object's values instead of reading its attribute (a fixture, a
    traceback, `vars()`) sees ciphertext. An empty text stays empty. It cannot be
    filtered by: the same secret is another ciphertext each time.
    """

    descriptor_class = _Unsealing

    def from_db_value(self, value: str | None, *_: object) -> Sealed | str | None:
        """Mark what the database holds as sealed."""
        return Sealed(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        """Return ciphertext, so that nothing plain can reach the database."""
        value = _sealed(value)
        return str.__str__(value) if isinstance(value, Sealed) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return the sealed form that the object holds: saving needs no key."""
        return model_instance.__dict__.get(self.attname)

    def value_to_string(self, obj: models.Model) -> str:
        """Return ciphertext for fixtures."""
        return str.__str__(obj.__dict__.get(self.attname) or "")

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse to compare: only whether there is one can be asked.

        Raises:
            FieldError: Any other lookup.
        """
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: it cannot be filtered by.")
        return super().get_lookup(lookup_name)

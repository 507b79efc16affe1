"""What commands about tenants share."""

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from accounts.models import Tenant
from accounts.scope import identity_scope


def tenant_by_slug(slug: str, *, make: bool = False) -> Tenant:
    """Return a tenant by its slug.

    Args:
        slug: As it was typed.
        make: Make one when there is none.

    Raises:
        CommandError: There is none, or the slug is not one.
    """
    try:
        Tenant._meta.get_field("slug").clean(slug, None)
    except ValidationError as error:
        raise CommandError(f"{slug!r} is not a slug.") from error
    with identity_scope():
        if make:
            return Tenant.objects.get_or_create(slug=slug, defaults={"name": slug})[0]
        found = Tenant.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no tenant {slug!r}.")
    return found

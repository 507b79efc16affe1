"""What commands about tenants share."""

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from accounts.models import Tenant
from accounts.scope import identity_scope


def tenant_by_slug(slug: str) -> Tenant:
    """Return a tenant by its slug.

    Raises:
        CommandError: There is none, or the slug is not one.
    """
    try:
        Tenant._meta.get_field("slug").clean(slug, None)
    except ValidationError as error:
        raise CommandError(f"{slug!r} is not a slug.") from error
    with identity_scope():
        found = Tenant.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no tenant {slug!r}.")
    return found

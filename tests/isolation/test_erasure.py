"""Erasing one customer; on a world of its own, as she is gone afterwards."""

from accounts.models import Customer, User
from accounts.scope import tenant_scope
from memory import privacy, working
from tests.isolation import world as worlds
from tests.isolation.world import World


def test_erasing_one_erases_nothing_of_anybody_else(world: World) -> None:
    crossed, others = world.crossed, world.others_than(world.crossed)
    before = [worlds.rows_of(owner, whole_tenant=False) for owner in others]
    with tenant_scope(crossed.tenant.id):
        receipt = privacy.erase_customer(
            customer=Customer.objects.get(pk=crossed.customer.pk),
            user=crossed.users[User.Role.COMPLIANCE],
            reason="Asked",
        )
    assert receipt.remaining == 0
    assert [worlds.rows_of(owner, whole_tenant=False) for owner in others] == before
    for owner in others:
        assert working.items(owner.tenant.id, owner.customer.pk)

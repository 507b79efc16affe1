"""Which strategies a desk has chosen, and what it made of them itself."""

from memory import settings
from memory.extraction.strategies import Chosen
from memory.extraction.strategies.custom import Custom
from memory.models import CustomStrategy


def chosen() -> Chosen:
    """Return what the desk in scope takes from conversations."""
    names = tuple(settings.current().strategies)
    if "custom" not in names:
        return Chosen(names)
    rows = CustomStrategy.objects.filter(enabled=True).order_by("name")
    return Chosen(names, tuple(as_custom(row) for row in rows))


def as_custom(row: CustomStrategy) -> Custom:
    """Return a strategy of the desk's own as extraction takes it."""
    return Custom(row.name, row.version, row.instructions, row.schema)

"""What every page of the desk shows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from accounts.policies import Power, may
from memory.llm import gateway


def desk(request: HttpRequest) -> dict[str, Any]:
    """Return who is signed in, what she may do, and whether a model is connected."""
    user = getattr(request, "user", None)
    powers = (
        {power.name.lower() for power in Power if may(user, power)}
        if isinstance(user, User)
        else set()
    )
    return {
        "powers": powers,
        "model_connected": gateway.connected(),
        "demo": settings.DEMO,
    }

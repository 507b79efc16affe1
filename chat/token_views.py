"""The page "Tokens": where they go, and what to change, for who manages the desk."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Tenant
from accounts.policies import Act, Power, desk_view, signed_in_user
from chat import policies
from chat.models import Message
from chat.tokens.report import report
from memory import settings as memory_settings

_NEWEST = 10


@require_safe
@never_cache
@desk_view(Power.MANAGE_DESK)
def tokens(request: HttpRequest) -> HttpResponse:
    """Show the last 30 days, with the newest answers."""
    user = signed_in_user(request)
    tenant = Tenant.objects.get(pk=user.tenant_id)
    # Not joined: the newest are found by their index, whoever asked.
    answers = policies.messages.rows(
        user, Act.READ, among=Message.objects.prefetch_related("customer")
    ).filter(context__isnull=False)
    context = {
        "section": "settings",
        "part": "tokens",
        "report": report(tenant, memory_settings.current()),
        "newest": answers.order_by("-sent_at")[:_NEWEST],
    }
    return render(request, "chat/tokens.html", context)

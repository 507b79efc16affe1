"""The exact prompt of an answer, for who may read all memory."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.models import Tenant
from accounts.policies import Act, Power, customers, desk_view, signed_in_user
from chat import policies, prompts


@require_safe
@never_cache
@desk_view(Power.READ_ALL_MEMORY, fresh=True)
def exact_prompt(
    request: HttpRequest, conversation_id: UUID, message_id: UUID
) -> HttpResponse:
    """Show what the model was sent for an answer, as far as it is still there."""
    user = signed_in_user(request)
    shown = policies.conversations.fetch(user, Act.READ, conversation_id)
    customer = customers.fetch(user, Act.READ, shown.customer_id)
    answer = policies.messages.fetch(
        user, Act.READ, message_id, conversation_id=shown.id
    )
    if answer.context is None or "ledger" not in answer.context:
        raise Http404
    desk = Tenant.objects.get(pk=user.tenant_id)
    rebuilt = prompts.rebuilt(shown, answer, desk=desk.name)
    response = render(
        request,
        "chat/prompt.html",
        {
            "section": "inbox",
            "conversation": shown,
            "customer": customer,
            "answer": answer,
            "ledger": answer.context["ledger"],
            "prompt": rebuilt,
        },
    )
    audit.memory_read(
        actor=user.actor,
        customer_id=customer.id,
        purpose="exact prompt",
        conversation_id=shown.id,
        seen={
            "message": answer.id,
            "facts": rebuilt.facts if rebuilt else [],
            "messages": rebuilt.messages if rebuilt else 0,
        },
    )
    return response

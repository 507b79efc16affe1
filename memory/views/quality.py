"""How good the desk's summaries are, and having one written again."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.policies import Act, Power, customers, desk_view, signed_in_user
from memory import curation, policies
from memory.summaries import trend
from memory.views.pages import show, show_changed


@require_safe
@desk_view(Power.REVIEW_MEMORY)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the trend, and the worst summaries with what each does not say."""
    user = signed_in_user(request)
    rows = policies.summaries.rows(user, Act.READ)
    worst = list(trend.worst(rows)[: trend.WORST])
    response = show(
        request,
        "memory/quality.html",
        {
            "part": "quality",
            "trend": trend.trend(rows, now=timezone.now()),
            "worst": worst,
        },
        section="settings",
    )
    for customer_id in sorted({summary.customer_id for summary in worst}):
        audit.memory_read(
            actor=user.actor,
            customer_id=customer_id,
            purpose="quality of summaries",
            seen={
                "summaries": [s.id for s in worst if s.customer_id == customer_id],
            },
        )
    return response


@require_POST
@desk_view(Power.CORRECT_MEMORY)
def write_again(
    request: HttpRequest, customer_id: UUID, summary_id: UUID
) -> HttpResponse:
    """Have a conversation's summary written again."""
    user = signed_in_user(request)
    customer = customers.fetch(user, Act.READ, customer_id)
    row = policies.summaries.fetch(
        user, Act.CHANGE, summary_id, customer_id=customer.id
    )
    curation.have_written_again(summary=row, user=user)
    return show_changed(
        request,
        customer,
        "It is being written again. The new version stays if it says more.",
    )

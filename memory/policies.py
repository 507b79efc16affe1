"""Who may do what to the four tiers, to privacy requests and to receipts."""

from django.db.models import Q
from django.http import Http404

from accounts.models import Customer, User
from accounts.policies import Act, Policy, Power, Rule, may, memory_seen
from memory import curation
from memory.models import (
    Consolidation,
    CustomStrategy,
    Embedding,
    ErasureReceipt,
    Fact,
    IntentExample,
    PrivacyRequest,
    ReembedJob,
    ReviewItem,
    Summary,
)
from memory.working import WorkingItem

_READ_OR_ERASE = {Act.READ: Power.READ_MEMORY, Act.ERASE: Power.ERASE_MEMORY}
_about_whom = memory_seen("customer_id")

facts = Policy(
    Fact, {**_READ_OR_ERASE, Act.CHANGE: Power.CORRECT_MEMORY}, rows=_about_whom
)
summaries = Policy(
    Summary, {**_READ_OR_ERASE, Act.CHANGE: Power.CORRECT_MEMORY}, rows=_about_whom
)
embeddings = Policy(Embedding, _READ_OR_ERASE, rows=_about_whom)


class WorkingMemoryPolicy(Rule):
    """Who may do what to working memory: it has keys in Redis instead of rows."""

    def fetch(self, user: User, act: Act, customer: Customer, key: str) -> WorkingItem:
        """Return one item of a customer who was fetched through her own policy.

        Raises:
            Http404: There is no such item, or the user may not do this to it.
        """
        item = curation.find_working_item(customer, key)
        if item is None or not self.may(user, act):
            raise Http404
        return item


working_memory = WorkingMemoryPolicy(_READ_OR_ERASE)


def _requests(user: User, act: Act) -> Q:
    state = PrivacyRequest.State
    match act:
        case Act.APPROVE:
            # Four eyes: neither who opened it nor who asked may be the second pair.
            hers = Q(opened_by=user) | Q(asked_by=user)
            return Q(state=state.WAITING) & ~hers
        case Act.LOOK | Act.EXPORT:
            return Q(state__in=PrivacyRequest.UNFINISHED)
        case Act.CHANGE:
            return Q(state__in=[state.OPEN, state.WAITING])
        case Act.ERASE:
            return Q(state=state.OPEN, kind=PrivacyRequest.Kind.ERASURE)
    if may(user, Power.PRIVACY):
        return Q()
    # Whoever only approves sees what there is, or was, to approve.
    return Q(asked_at__isnull=False)


privacy_requests = Policy(
    PrivacyRequest,
    {
        Act.READ: Power.APPROVE_ERASURE,
        Act.APPROVE: Power.APPROVE_ERASURE,
        Act.LOOK: Power.PRIVACY,
        Act.EXPORT: Power.PRIVACY,
        Act.CHANGE: Power.PRIVACY,
        Act.ERASE: Power.PRIVACY,
    },
    rows=_requests,
)
reembed_jobs = Policy(
    ReembedJob, {Act.READ: Power.MANAGE_DESK, Act.CHANGE: Power.MANAGE_DESK}
)
review_items = Policy(
    ReviewItem, {Act.READ: Power.REVIEW_MEMORY, Act.CHANGE: Power.REVIEW_MEMORY}
)
consolidations = Policy(Consolidation, {Act.READ: Power.REVIEW_MEMORY})
custom_strategies = Policy(
    CustomStrategy, {Act.READ: Power.MANAGE_DESK, Act.CHANGE: Power.MANAGE_DESK}
)
intent_examples = Policy(
    IntentExample, {Act.READ: Power.MANAGE_DESK, Act.CHANGE: Power.MANAGE_DESK}
)
receipts = Policy(ErasureReceipt, {Act.READ: Power.PRIVACY})

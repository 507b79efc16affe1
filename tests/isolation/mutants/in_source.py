"""Mutants of the source: every filter, prefix and check that keeps people apart.

A mutant replaces a text that stands exactly once in its file. Whoever moves such a text
moves it here, too: the proof says so by name. `tests` are those that should notice.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        what: What is taken away, as a sentence about the product.
        file: Where.
        old: What stands there, once.
        new: What stands there instead.
        tests: Arguments for pytest.
    """

    what: str
    file: str
    old: str
    new: str
    tests: str


_MODELS = "test_models.py"
_SCOPES = "test_scopes.py"
_MEMORY = "test_memory.py"
_SOCKETS = "test_sockets.py"
_ROLES = "test_roles.py"
_OWN = "test_own_pages.py -k inbox"
_RECORD = "test_own_pages.py -k customer_id"
_MIXED = "test_pages.py -k one_foreign_id"
_TASKS = f"test_tasks.py {_ROLES}"

MUTANTS = [
    # --- The managers
    Mutant(
        "a tenant's manager filters nothing",
        "accounts/models.py",
        "return super().get_queryset().filter(tenant_id=require_tenant())",
        "return super().get_queryset()",
        _MODELS,
    ),
    Mutant(
        "a tenant's manager asks for a scope and forgets to filter by it",
        "accounts/models.py",
        "return super().get_queryset().filter(tenant_id=require_tenant())",
        "return super().get_queryset().exclude(pk=require_tenant())",
        _MODELS,
    ),
    Mutant(
        "a customer's manager does not narrow",
        "accounts/models.py",
        "rows = rows.filter(**{self.customer_field: customer_id})",
        "rows = rows.all()",
        _MODELS,
    ),
    Mutant(
        "users and tenants are not filtered",
        "accounts/models.py",
        "return rows.filter(**{tenant_field: scope.tenant_id})",
        "return rows.all()",
        _MODELS,
    ),
    Mutant(
        "users and tenants are read without a scope",
        "accounts/models.py",
        "    if scope.identity:\n        return rows\n",
        "    if scope.identity or scope.tenant_id is None:\n        return rows\n",
        _MODELS,
    ),
    # --- The scope
    *(
        Mutant(
            f"the {name} stays set on the connection",
            "accounts/scope.py",
            f"set_config('app.{name}', %s, true)",
            f"set_config('app.{name}', %s, false)",
            _SCOPES,
        )
        for name in ("tenant_id", "customer_id", "identity")
    ),
    Mutant(
        "Python keeps the scope that has ended",
        "accounts/scope.py",
        "_scope.reset(token)",
        "del token",
        _SCOPES,
    ),
    Mutant(
        "PostgreSQL keeps the scope that has ended in a savepoint",
        "accounts/scope.py",
        "    if connection.in_atomic_block:\n        _set(before)",
        "    if False:\n        _set(before)",
        _SCOPES,
    ),
    Mutant(
        "a customer's scope can be widened",
        "accounts/scope.py",
        "if before.customer_id is not None and not _stays_within(scope, before):",
        "if False and not _stays_within(scope, before):",
        "../accounts/test_scope.py",
    ),
    Mutant(
        "a customer's scope can be left for another one's of the tenant",
        "accounts/scope.py",
        "return scope == narrow or scope.identity",
        "return scope.tenant_id == narrow.tenant_id or scope.identity",
        "../accounts/test_scope.py",
    ),
    Mutant(
        "a customer's scope is the whole tenant's",
        "accounts/scope.py",
        "with _open(Scope(tenant_id=tenant_id, customer_id=customer_id)):",
        "with _open(Scope(tenant_id=tenant_id)):",
        _MODELS,
    ),
    Mutant(
        "the customer is not told to PostgreSQL",
        "accounts/scope.py",
        'str(scope.customer_id or ""),',
        '"",',
        _MODELS,
    ),
    # --- Who may do what
    Mutant(
        "nobody has to sign in",
        "accounts/policies.py",
        "        @login_required\n        @wraps(view)",
        "        @wraps(view)",
        "../accounts/test_urls.py -k nobody_gets_in",
    ),
    Mutant(
        "every role has every power",
        "accounts/policies.py",
        "if not may(user, power):",
        "if False and not may(user, power):",
        "../memory/test_privacy_pages.py ../memory/test_customer_page.py",
    ),
    Mutant(
        "who is suspended keeps her powers",
        "accounts/policies.py",
        "return user.is_active and power in",
        "return power in",
        _ROLES,
    ),
    *(
        Mutant(
            f"{role} may {power}",
            "accounts/policies.py",
            f"User.Role.{role.upper()}: frozenset(",
            f"User.Role.{role.upper()}: frozenset({{Power.{power}}}) | frozenset(",
            f"{_ROLES} -k lacks_the_powers",
        )
        for role, power in (
            ("agent", "ERASE_MEMORY"),
            ("agent", "PRIVACY"),
            ("agent", "MANAGE_DESK"),
            ("agent", "READ_AUDIT"),
            ("admin", "PRIVACY"),
            ("compliance", "CHAT"),
            ("compliance", "CORRECT_MEMORY"),
            ("compliance", "ERASE_MEMORY"),
            ("compliance", "MANAGE_USERS"),
        )
    ),
    Mutant(
        "what is somebody else's is forbidden instead of not there",
        "accounts/policies.py",
        "    if row is None:\n        raise Http404",
        "    if row is None:\n        raise PermissionDenied",
        f"{_ROLES} -k told_that",
    ),
    Mutant(
        "what is fetched need not be of the customer beside it",
        "accounts/policies.py",
        "row = rows.filter(pk=row_id, **lookups).first()",
        "row = rows.filter(pk=row_id).first()",
        _MIXED,
    ),
    Mutant(
        "a write from another site is taken",
        "config/settings.py",
        '    "django.middleware.csrf.CsrfViewMiddleware",\n',
        "",
        "test_own_pages.py -k another_site",
    ),
    Mutant(
        "every page is served in an identity scope",
        "accounts/middleware.py",
        'SIGN_IN_PREFIX = "/accounts/"',
        'SIGN_IN_PREFIX = "/"',
        f"{_ROLES} -k identity_scope",
    ),
    # --- Pages of memory
    Mutant(
        "a fact of another customer can be changed under one's own",
        "memory/views/tiers.py",
        "row: Fact = fetch(facts.current_facts(), fact_id, customer_id=customer.id)",
        "row: Fact = fetch(facts.current_facts(), fact_id)",
        f"{_MIXED} and correct",
    ),
    Mutant(
        "a fact of another customer can be erased under one's own",
        "memory/views/tiers.py",
        "row: Fact = fetch(Fact.objects.all(), fact_id, customer_id=customer.id)",
        "row: Fact = fetch(Fact.objects.all(), fact_id)",
        f"{_MIXED} and erase",
    ),
    Mutant(
        "an index entry of another customer can be erased under one's own",
        "memory/views/tiers.py",
        "row: Embedding = fetch(entries, entry_id, customer_id=customer.id)",
        "row: Embedding = fetch(entries, entry_id)",
        f"{_MIXED} and index",
    ),
    Mutant(
        "a customer's page shows everybody's facts",
        "memory/records.py",
        "current = list(facts.current_facts().filter(customer_id=customer.id))",
        "current = list(facts.current_facts())",
        _RECORD,
    ),
    Mutant(
        "a customer's page shows everybody's history",
        "memory/records.py",
        "rows: QuerySet[Fact] = Fact.objects.filter(customer_id=customer_id)",
        "rows: QuerySet[Fact] = Fact.objects.all()",
        _RECORD,
    ),
    Mutant(
        "a customer's page shows everybody's summaries",
        "memory/records.py",
        "Summary.objects.filter(customer_id=customer_id)\n        .order_by",
        "Summary.objects.all()\n        .order_by",
        _RECORD,
    ),
    Mutant(
        "a customer's page shows everybody's index",
        "memory/records.py",
        "rows: QuerySet[Embedding] = Embedding.objects.filter(customer_id=customer_id)",
        "rows: QuerySet[Embedding] = Embedding.objects.all()",
        _RECORD,
    ),
    # --- Pages of conversations
    Mutant(
        "the memory panel shows everybody's facts",
        "chat/panel.py",
        "facts=list(facts.current_facts().filter(customer_id=customer_id)),",
        "facts=list(facts.current_facts()),",
        _OWN,
    ),
    Mutant(
        "the memory panel shows everybody's history",
        "chat/panel.py",
        "Fact.objects.filter(customer_id=customer_id, valid_to__isnull=False)",
        "Fact.objects.filter(valid_to__isnull=False)",
        _OWN,
    ),
    Mutant(
        "the memory panel shows everybody's episodes",
        "chat/panel.py",
        "summaries.current_episodes().filter(customer_id=customer_id)",
        "summaries.current_episodes()",
        _OWN,
    ),
    Mutant(
        "a thread marks what facts of others rest on",
        "chat/panel.py",
        "customer_id=customer_id, message_id__in=list(message_ids)",
        "message_id__in=list(message_ids)",
        f"{_MEMORY} -k words_that_facts",
    ),
    Mutant(
        "a conversation's summary may be another customer's",
        "memory/summaries.py",
        "            customer_id=customer_id,\n"
        "            conversation_id=conversation_id,\n"
        "            kind=Summary.Kind.ROLLING,",
        "            conversation_id=conversation_id,\n"
        "            kind=Summary.Kind.ROLLING,",
        _OWN,
    ),
    Mutant(
        "a thread shows whatever message its events name",
        "chat/inbox.py",
        "Message.objects.filter(conversation=conversation, pk__in=wanted)",
        "Message.objects.filter(pk__in=wanted)",
        _OWN,
    ),
    Mutant(
        "a socket sends whatever message its events name",
        "chat/timeline.py",
        "Message.objects.filter(conversation=conversation, pk__in=wanted)",
        "Message.objects.filter(pk__in=wanted)",
        _SOCKETS,
    ),
    Mutant(
        "a socket replays the events of every conversation",
        "chat/timeline.py",
        "Event.objects.filter(conversation=conversation, seq__gt=after)",
        "Event.objects.filter(seq__gt=after)",
        _SOCKETS,
    ),
    # --- Sockets
    Mutant(
        "a conversation's group names no tenant",
        "chat/push.py",
        'return f"t.{tenant_id.hex}.conversation.{conversation_id.hex}"',
        'return f"conversation.{conversation_id.hex}"',
        _SOCKETS,
    ),
    Mutant(
        "the inboxes of all tenants are one group",
        "chat/push.py",
        'return f"t.{tenant_id.hex}.inbox"',
        'return "t.00000000000000000000000000000000.inbox"',
        _SOCKETS,
    ),
    Mutant(
        "every role gets a console",
        "chat/consumers/console.py",
        "if not isinstance(user, User) or not may(user, Power.CHAT):",
        "if not isinstance(user, User):",
        _SOCKETS,
    ),
    Mutant(
        "a widget works in its tenant's scope",
        "chat/consumers/widget.py",
        "return customer_scope(customer.tenant_id, customer.id)",
        "return __import__('accounts.scope').scope.tenant_scope(customer.tenant_id)",
        _SOCKETS,
    ),
    Mutant(
        "a token for another desk is taken",
        "chat/identity.py",
        'options={"require": ["sub", "exp", "aud"]},',
        'options={"require": ["sub", "exp", "aud"], "verify_aud": False},',
        _SOCKETS,
    ),
    Mutant(
        "a token need not be signed by the desk",
        "chat/identity.py",
        'options={"require": ["sub", "exp", "aud"]},',
        'options={"require": ["sub", "exp", "aud"], "verify_signature": False,'
        ' "verify_aud": True, "verify_exp": True},',
        _SOCKETS,
    ),
    Mutant(
        "a visitor's token brings a verified customer back",
        "chat/identity.py",
        "pk=customer_id, verified=False",
        "pk=customer_id",
        _SOCKETS,
    ),
    Mutant(
        "a visitor's token is good at every desk",
        "chat/identity.py",
        "found: Customer | None = Customer.objects.filter(",
        "found: Customer | None = Customer._base_manager.filter(",
        _SOCKETS,
    ),
    # --- Working memory
    Mutant(
        "the keys of working memory name no tenant",
        "memory/working.py",
        'return f"t:{tenant_id.hex}:c:{customer_id.hex}:"',
        'return f"c:{customer_id.hex}:"',
        _MEMORY,
    ),
    Mutant(
        "the keys of working memory name no customer",
        "memory/working.py",
        'return f"t:{tenant_id.hex}:c:{customer_id.hex}:"',
        'return f"t:{tenant_id.hex}:c:"',
        f"{_MEMORY} test_erasure.py",
    ),
    Mutant(
        "any key can be erased as one's own",
        "memory/working.py",
        "if not key.startswith(customer_prefix(tenant_id, customer_id)):",
        "if not key:",
        _MEMORY,
    ),
    Mutant(
        "what was erased may be kept again",
        "memory/working.py",
        "if client().exists(_erased_key(tenant_id, customer_id)):",
        "if not client():",
        "../memory/test_working.py ../memory/test_privacy.py",
    ),
    Mutant(
        "the mark of an erasure says whose it was",
        "memory/working.py",
        'return f"erased:{hashlib.sha256(prefix.encode()).hexdigest()[:32]}"',
        'return f"erased:{prefix}"',
        "test_erasure.py",
    ),
    Mutant(
        "the cache has no prefix",
        "config/settings.py",
        '"KEY_PREFIX": "cache",',
        '"KEY_PREFIX": "",',
        "test_pages.py -k healthz",
    ),
    Mutant(
        "the channel layer has no prefix",
        "config/settings.py",
        '"prefix": "layer"',
        '"prefix": ""',
        _SOCKETS,
    ),
    # --- Recall, the API, export and erasure
    Mutant(
        "recall does not say whose tenant",
        "memory/recall.py",
        "where e.tenant_id = %(tenant)s and e.customer_id",
        "where e.customer_id",
        f"{_ROLES} -k recall_names",
    ),
    Mutant(
        "recall does not say which customer",
        "memory/recall.py",
        "where e.tenant_id = %(tenant)s and e.customer_id = %(customer)s\n",
        "where e.tenant_id = %(tenant)s\n",
        _MEMORY,
    ),
    Mutant(
        "the API works in the tenant's scope",
        "memory/api.py",
        "        self._scopes.enter_context(customer_scope(tenant_id, customer.id))\n",
        "        _ = customer_scope\n",
        f"{_ROLES} -k the_api_works",
    ),
    Mutant(
        "the API shows everybody's facts",
        "memory/api.py",
        "current = facts.current_facts().filter(customer_id=customer.id)",
        "current = facts.Fact._base_manager.all()",
        "test_own_pages.py -k external_id",
    ),
    Mutant(
        "an export holds everybody's rows",
        "memory/privacy.py",
        'found = model.objects.filter(customer_id=customer.id).order_by("id")',
        'found = model.objects.order_by("id")',
        _MEMORY,
    ),
    Mutant(
        "an erasure takes everybody's rows along",
        "memory/privacy.py",
        "where tenant_id = %s and customer_id = %s",
        "where tenant_id = %s and customer_id <> coalesce(null, %s)",
        "test_erasure.py",
    ),
    # --- Tasks
    *(
        Mutant(
            f"{what} in its tenant's scope",
            file,
            "from accounts.scope import customer_scope",
            "from accounts.scope import tenant_scope as _wide\n\n\n"
            "def customer_scope(tenant_id, customer_id):\n"
            "    return _wide(tenant_id)\n",
            _TASKS,
        )
        for what, file in (
            ("consolidation works", "chat/remembering.py"),
            ("the assistant answers", "chat/assistant.py"),
        )
    ),
    Mutant(
        "a fact is indexed in its tenant's scope",
        "memory/tasks.py",
        "    tenant, customer = UUID(tenant_id), UUID(customer_id)\n",
        "    tenant, customer = UUID(tenant_id), UUID(customer_id)\n"
        "    customer_scope = lambda tenant, _: tenant_scope(tenant)\n",
        _TASKS,
    ),
]

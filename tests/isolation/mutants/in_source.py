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
_WHO = "test_who_sees_memory.py"
_ROLES = "test_roles.py"
_OWN = "test_own_pages.py -k inbox"
_RECORD = "test_own_pages.py -k customer_id"
_MIXED = "test_pages.py -k one_foreign_id"
_TASKS = f"test_tasks.py {_ROLES}"

MUTANTS = [
    # --- The managers
    Mutant(
        "a tenant's manager filters nothing",
        "accounts/managers.py",
        "return super().get_queryset().filter(tenant_id=require_tenant())",
        "return super().get_queryset()",
        _MODELS,
    ),
    Mutant(
        "a tenant's manager asks for a scope and forgets to filter by it",
        "accounts/managers.py",
        "return super().get_queryset().filter(tenant_id=require_tenant())",
        "return super().get_queryset().exclude(pk=require_tenant())",
        _MODELS,
    ),
    Mutant(
        "a customer's manager does not narrow",
        "accounts/managers.py",
        "rows = rows.filter(**{self.customer_field: customer_id})",
        "rows = rows.all()",
        _MODELS,
    ),
    Mutant(
        "users and tenants are not filtered",
        "accounts/managers.py",
        "return rows.filter(**{tenant_field: scope.tenant_id})",
        "return rows.all()",
        _MODELS,
    ),
    Mutant(
        "users and tenants are read without a scope",
        "accounts/managers.py",
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
    Mutant(
        "nobody is asked again who it is",
        "accounts/policies.py",
        "if fresh and (asked := ask_who_it_is(request, user)):",
        "if False and (asked := ask_who_it_is(request, user)):",
        "../memory/test_privacy_pages.py -k powerful_acts_ask_again",
    ),
    Mutant(
        "a policy narrows no rows",
        "accounts/policies.py",
        "rows.filter(self._condition(user, act), tenant_id=user.tenant_id)",
        "rows.filter(tenant_id=user.tenant_id)",
        _WHO,
    ),
    Mutant(
        "a policy forgets whose rows it was asked about",
        "accounts/policies.py",
        "return cast(QuerySet[M], narrowed)",
        "return cast(QuerySet[M], cast(Any, self.model)._base_manager.all())",
        "test_pages.py -k each_wall_alone",
    ),
    Mutant(
        "a policy shows rows to whoever lacks the power",
        "accounts/policies.py",
        "            return cast(QuerySet[M], rows.none())\n",
        "            pass\n",
        "../accounts/test_policies.py",
    ),
    Mutant(
        "an agent sees the memory of every customer",
        "accounts/policies.py",
        "if act is Act.FIND or may(user, Power.READ_ALL_MEMORY):",
        "if True:",
        f"{_WHO} -k agent",
    ),
    Mutant(
        "an agent works with everybody who ever wrote",
        "chat/policies.py",
        'return rows.values("customer_id")',
        'return Conversation.objects.values("customer_id")',
        f"{_WHO} -k agent",
    ),
    Mutant(
        "an agent works with whoever wrote in a conversation that is closed",
        "chat/policies.py",
        "Q(status=Conversation.Status.OPEN)",
        "Q(status__in=Conversation.Status.values)",
        f"{_WHO} -k agent",
    ),
    Mutant(
        "the panel beside a conversation shows memory to everybody who chats",
        "chat/views.py",
        "return seen.filter(pk=shown.customer_id).exists()",
        "return True",
        f"{_WHO} -k agent",
    ),
    # --- Privacy requests, four eyes
    Mutant(
        "compliance reads memory in a request that is over",
        "memory/policies.py",
        "return Q(state__in=PrivacyRequest.UNFINISHED)",
        "return Q()",
        f"{_WHO} -k compliance",
    ),
    Mutant(
        "a request opens the memory of whom it is not about",
        "memory/views/requests.py",
        "return fetch(requests.customers_of(row), customer_id)",
        "return fetch(Customer.objects.all(), customer_id)",
        f"{_MIXED} and privacy",
    ),
    Mutant(
        "a request is about whoever its lines name, of any desk",
        "memory/requests.py",
        "rows: QuerySet[Customer] = Customer.objects.filter(id__in=refs)",
        "rows: QuerySet[Customer] = Customer._base_manager.filter(id__in=refs)",
        "test_own_pages.py -k shows_nobody_else and request_id",
    ),
    Mutant(
        "whoever asked for an erasure approves it herself",
        "memory/policies.py",
        "return Q(state=state.WAITING) & ~hers",
        "return Q(state=state.WAITING)",
        "../memory/test_requests.py -k neither_who_opened",
    ),
    Mutant(
        "one person erases several customers alone",
        "memory/requests.py",
        "    if len(subjects) > 1:\n",
        "    if False:\n",
        "../memory/test_requests.py -k nobody_erases_several",
    ),
    Mutant(
        "one person erases one customer after the other alone",
        "memory/requests.py",
        "    _refuse_in_a_row(user)\n    customer =",
        "    customer =",
        "../memory/test_requests.py -k in_ten_minutes",
    ),
    Mutant(
        "what is approved need not be what was shown",
        "memory/requests.py",
        "if seen != digest(request):",
        "if False:",
        "../memory/test_requests.py -k another_list_than",
    ),
    Mutant(
        "whoever is slipped in after the approval is erased, too",
        "memory/requests.py",
        "if request.approved_subjects != digest(request):",
        "if False:",
        "../memory/test_requests.py -k slipped_in",
    ),
    Mutant(
        "an erasure of any desk is gone on with in one's own",
        "memory/tasks.py",
        "            with tenant_scope(tenant):\n"
        "                if not requests.erase_next(request_id=request):",
        "            with identity_scope():\n"
        "                desks = list(Tenant.objects.all())\n"
        "            for desk in desks:\n"
        "                with tenant_scope(desk.id):\n"
        "                    requests.erase_next(request_id=request)\n"
        "            with tenant_scope(tenant):\n"
        "                if not requests.erase_next(request_id=request):",
        "test_tasks.py -k erase_approved",
    ),
    # --- The review queue
    Mutant(
        "what a customer asks for becomes a fact at once",
        "memory/quarantine.py",
        'if candidate.source != "customer":',
        "if True:",
        "../memory/test_review.py -k candidate_that_reads",
    ),
    Mutant(
        "orders are extracted and summarised like anything else",
        "memory/quarantine.py",
        "        if not orders:\n",
        "        if True:\n",
        "../memory/test_review.py -k an_order_waits",
    ),
    Mutant(
        "two people decide about the same item",
        "memory/review.py",
        "if locked is None or not locked.is_waiting:",
        "if locked is None:",
        "../memory/test_review.py -k nobody_decides_twice",
    ),
    # --- Staff, invitations and single sign-on
    Mutant(
        "an invitation's link need not be signed",
        "accounts/staff.py",
        'signing.Signer(salt=_SALT).unsign(token.replace(".", ":"))',
        'token.partition(".")[0]',
        "test_pages.py -k another_tenants_does_not_exist and invitation",
    ),
    Mutant(
        "a provider signs in the staff of every desk",
        "accounts/single_sign_on.py",
        "tenant_id=tenant_id, email__iexact=verified[0], is_active=True",
        "email__iexact=verified[0], is_active=True",
        "../accounts/test_single_sign_on.py -k another_desks_user",
    ),
    Mutant(
        "who a provider does not know anything about is let in",
        "accounts/single_sign_on.py",
        "if address.verified is True",
        "if address",
        "../accounts/test_single_sign_on.py -k vouch_for",
    ),
    # --- The audit log
    Mutant(
        "the audit log is searched by the customers of every desk",
        "accounts/audit/search.py",
        "like = Customer.objects.filter(",
        "like = Customer._base_manager.filter(",
        "test_own_pages.py -k audit_log_knows",
    ),
    Mutant(
        "the audit log names the customers of every desk",
        "accounts/audit/search.py",
        "for c in Customer.objects.filter(id__in=refs)",
        "for c in Customer._base_manager.filter(id__in=refs)",
        "test_own_pages.py -k shows_nobody_else and audit",
    ),
    Mutant(
        "an event of the audit log takes what a person wrote",
        "accounts/audit/__init__.py",
        "detail=rules.checked(detail or {}),",
        "detail=dict(detail or {}),",
        "../accounts/test_audit.py -k takes_no_personal_text",
    ),
    # --- Pages of memory
    Mutant(
        "a fact of another customer can be changed under one's own",
        "memory/views/tiers.py",
        "user, act, fact_id, among=facts.current_facts(), customer_id=customer.id\n",
        "user, act, fact_id, among=facts.current_facts()\n",
        f"{_MIXED} and correct",
    ),
    Mutant(
        "a fact of another customer can be erased under one's own",
        "memory/views/tiers.py",
        "policies.facts.fetch(user, Act.ERASE, fact_id, customer_id=customer.id)",
        "policies.facts.fetch(user, Act.ERASE, fact_id)",
        f"{_MIXED} and erase",
    ),
    Mutant(
        "an index entry of another customer can be erased under one's own",
        "memory/views/tiers.py",
        'among=Embedding.objects.defer("vector", "keywords"),\n'
        "        customer_id=customer.id,",
        'among=Embedding.objects.defer("vector", "keywords"),',
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
        "current = list(facts.current_facts().filter(customer_id=customer_id))",
        "current = list(facts.current_facts())",
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
        "memory/summaries/rows.py",
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
        "        conversation=conversation, pk__in=wanted\n",
        "        pk__in=wanted\n",
        _OWN,
    ),
    Mutant(
        "a socket sends whatever message its events name",
        "chat/timeline.py",
        "            conversation=conversation, pk__in=wanted\n",
        "            pk__in=wanted\n",
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
    Mutant(
        "every page may open a socket",
        "chat/consumers/gate.py",
        'if not from_our_own_page(scope["headers"]):',
        "if False:",
        f"{_SOCKETS} -k page_of_somebody_else",
    ),
    Mutant(
        "a client that names no page opens a socket",
        "chat/consumers/gate.py",
        "if len(hosts) != 1 or len(origins) != 1:",
        "if not origins:\n        return True\n    if len(hosts) != 1:",
        f"{_SOCKETS} -k page_of_somebody_else",
    ),
    Mutant(
        "a console reads what no policy lets her",
        "chat/consumers/console.py",
        "return policies.conversations.fetch(self._staff(), act, conversation_id)",
        "return Conversation._base_manager.get(pk=conversation_id)",
        f"{_SOCKETS} -k past_the_policy",
    ),
    Mutant(
        "a console stays open after its sign-in has ended",
        "chat/consumers/sign_ins.py",
        " where session.session_key is null or staff.id is null",
        " where false",
        "../chat/test_sign_ins.py -k idle_console",
    ),
    Mutant(
        "the consoles of all tenants are one group",
        "accounts/sign_ins.py",
        'return f"t.{tenant_id.hex}.staff"',
        'return "t.00000000000000000000000000000000.staff"',
        f"{_SOCKETS} -k groups_name",
    ),
    Mutant(
        "strangers of all desks are counted together",
        "chat/identity.py",
        'key = f"t:{tenant.id.hex}:strangers:{digest}"',
        'key = f"strangers:{digest}"',
        f"{_SOCKETS} -k visitors_token",
    ),
    # --- Working memory
    Mutant(
        "the keys of working memory name no tenant",
        "memory/working/keys.py",
        'return f"t:{tenant_id.hex}:c:{customer_id.hex}:"',
        'return f"c:{customer_id.hex}:"',
        _MEMORY,
    ),
    Mutant(
        "the keys of working memory name no customer",
        "memory/working/keys.py",
        'return f"t:{tenant_id.hex}:c:{customer_id.hex}:"',
        'return f"t:{tenant_id.hex}:c:"',
        f"{_MEMORY} test_erasure.py",
    ),
    Mutant(
        "any key can be erased as one's own",
        "memory/working/keys.py",
        "if not key.startswith(prefix):",
        "if not key:",
        _MEMORY,
    ),
    Mutant(
        "what was erased may be kept again",
        "memory/working/sessions.py",
        "if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end",
        "",
        "../memory/test_working.py ../memory/test_privacy.py",
    ),
    Mutant(
        "what is kept is listed nowhere",
        "memory/working/sessions.py",
        "redis.call('SADD', prefix .. 'keys', name)",
        "",
        f"{_MEMORY} test_erasure.py",
    ),
    Mutant(
        "an erased customer's sessions stay on the desk's list",
        "memory/working/sessions.py",
        "redis.call('ZREM', sessions, prefix)",
        "",
        "test_erasure.py",
    ),
    Mutant(
        "the mark of an erasure says whose it was",
        "memory/working/keys.py",
        'return f"t:{tenant_id.hex}:erased:{_hash(prefix)}"',
        'return f"t:{tenant_id.hex}:erased:{prefix}"',
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
        "memory/recall/statement.py",
        "where e.tenant_id = %(tenant)s::uuid and e.customer_id",
        "where e.customer_id",
        f"{_ROLES} -k recall_names",
    ),
    Mutant(
        "recall does not say which customer",
        "memory/recall/statement.py",
        "where e.tenant_id = %(tenant)s::uuid and e.customer_id = %(customer)s::uuid\n",
        "where e.tenant_id = %(tenant)s::uuid\n",
        _MEMORY,
    ),
    Mutant(
        "the API works in the tenant's scope",
        "memory/recall/finding.py",
        "    with customer_scope(tenant_id, customer_id):\n",
        "    from accounts.scope import tenant_scope\n"
        "    with tenant_scope(tenant_id):\n",
        f"{_ROLES} -k the_api_works",
    ),
    Mutant(
        "the API shows everybody's facts",
        "memory/api.py",
        "current = list(rows.filter(customer_id=customer.id))",
        "current = list(facts.Fact._base_manager.all())",
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
        '    """Put a fact that a person wrote into the index."""\n',
        '    """Put a fact that a person wrote into the index."""\n'
        "    customer_scope = lambda tenant, _: tenant_scope(tenant)\n",
        _TASKS,
    ),
]

"""What the matrix covers, counted out of the same registries that generate it."""

from collections.abc import Iterator

from django.apps import apps

from chat.routing import websocket_urlpatterns
from tests.isolation import victims
from tests.isolation.owners import (
    has_scoped_manager,
    label,
    loose_references,
    owned_models,
    relations,
)
from tests.isolation.routes import METHODS, routes
from tests.isolation.test_commands import COMMANDS, OF_A_TENANT
from tests.isolation.test_sockets import CONSUMERS, GROUPS, MESSAGES
from tests.isolation.test_tasks import TASKS


def lines() -> Iterator[str]:
    """The summary: what is covered, and what is skipped for which reason."""
    models = owned_models()
    keys = sum(len(relations(model)) for model in models)
    yield f"{len(models)} models, {keys} foreign keys, by policy and by manager"
    yield (
        f"{len(routes())} routes x GET and POST x 4 roles, {len(METHODS) - 2} more"
        " methods as an admin and as nobody"
        f" ({sum(1 for r in routes() if r.names)} of them name somebody's row)"
    )
    yield (
        f"{len(MESSAGES)} messages of {len(CONSUMERS)} sockets on"
        f" {len(websocket_urlpatterns)} paths, {len(GROUPS)} kinds of groups"
    )
    yield f"{len(TASKS)} tasks, {len(OF_A_TENANT)} commands"
    yield (
        f"{len(loose_references())} references that no key enforces: planted with"
        " foreign ids, and nothing of them is shown"
    )
    skipped = dict(skips())
    yield f"skipped: {len(skipped)}"
    for name, reason in skipped.items():
        yield f"  {name}: {reason}"


def skips() -> Iterator[tuple[str, str]]:
    """Whatever the matrix leaves out, and why."""
    for name, reason in victims.OF_NOBODY.items():
        if any(label(m) == name for m in apps.get_models(include_auto_created=True)):
            yield f"model {name}", f"of nobody: {reason}"
    for model in owned_models():
        if not has_scoped_manager(model):
            yield (
                f"manager of {label(model)}",
                "third party: its policy is the only wall",
            )
    for name in sorted(set(COMMANDS) - set(OF_A_TENANT)):
        yield f"command {name}", f"no tenant: {victims.NO_TENANT[name]}"
    for prefix, reason in victims.PUBLIC.items():
        count = sum(1 for r in routes() if r.address.startswith(prefix))
        yield (
            f"{count} routes of /{prefix}",
            f"public: {reason}; asked for the victim's texts only",
        )

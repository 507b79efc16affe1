"""Every management command with a tenant, run for the attacker's."""

import importlib
from argparse import Action
from itertools import chain, product
from pathlib import Path
from pkgutil import iter_modules

import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.core.management.base import BaseCommand

from tests.isolation import victims
from tests.isolation.owners import OURS, ask_for
from tests.isolation.world import World, keep_unchanged


def our_commands() -> dict[str, BaseCommand]:
    """Name → command, of the packages of our apps."""
    found = {}
    for app in sorted(OURS):
        try:
            package = importlib.import_module(f"{app}.management.commands")
        except ModuleNotFoundError:
            continue
        for module in iter_modules(package.__path__):
            found[module.name] = load_command_class(app, module.name)
    return found


COMMANDS = our_commands()
OF_A_TENANT = sorted(set(COMMANDS) - set(victims.NO_TENANT))


@pytest.mark.parametrize("name", OF_A_TENANT)
def test_a_command_for_one_tenant_says_and_changes_nothing_of_another(
    world: World,
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "planted")
    parser = COMMANDS[name].create_parser("manage.py", name)
    actions = {action.dest: action for action in parser._actions}
    if "tenant" not in actions:
        raise ask_for(f"command {name} takes no --tenant: say why (NO_TENANT)")
    out = tmp_path / "out.jsonl"
    wanted = [
        [[*action.option_strings[-1:], value] for value in told]
        for action in actions.values()
        if (told := values(world, name, action, tmp_path, out))
    ]
    for given in product(*wanted):
        refusal = ""
        with keep_unchanged(world.victim):
            try:
                call_command(COMMANDS[name], *chain.from_iterable(given))
            except CommandError as error:
                refusal = str(error)
        said = capsys.readouterr()
        text = f"{refusal}{said.out}{said.err}{out.read_text() if out.exists() else ''}"
        # What was asked for may be named when it is not found.
        asked = world.victim.customer.external_id
        assert world.victim.mark not in text.replace(asked, "")


def values(world: World, name: str, action: Action, at: Path, out: Path) -> list[str]:
    """What an option is given, each in turn; nothing where it may be left out."""
    told = victims.OPTIONS.get((name, action.dest))
    if told is not None:
        return told(world.victim)
    if action.dest == "tenant":
        return [world.own.tenant.slug]
    if not action.required:
        return []
    if action.dest == "out":
        return [str(out)]
    if action.dest == "file":
        file = at / "in.jsonl"
        file.write_text(victims.input_text(name, world.victim))
        return [str(file)]
    raise ask_for(f"command {name}: say what its --{action.dest} is given (OPTIONS)")

"""Prompts have versions: what a model was told can be told from what it made."""

import hashlib
import json

from memory.extraction import keys, model_drafts, model_facts, prompts
from memory.extraction.claims import CLAIM

# What each version said. Changed a prompt or the form of its answer? Raise its version
# and add a line; the lines of old versions stay as they are.
VERSIONS = {
    "remember-2": "26f930cd48fbd574",
    "roll-up-2": "12fdd8ead3835173",
    "custom-1": "454617947e5ff118",
}
FORMS = {
    "remember": [model_facts.FACT, model_drafts.DRAFT],
    "roll-up": [model_drafts.DRAFT],
    "custom": [CLAIM],
}


def digest(prompt: prompts.Prompt) -> str:
    said = json.dumps([prompt.text, FORMS[prompt.name]])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def test_a_changed_prompt_has_another_version() -> None:
    now = {
        prompt.id: digest(prompt)
        for prompt in (prompts.REMEMBER, prompts.ROLL_UP, prompts.CUSTOM)
    }
    assert now == {name: VERSIONS.get(name) for name in now}


def test_every_key_of_the_catalogue_is_offered_once_and_nothing_more() -> None:
    offered = prompts.key_list()
    listed = [
        key.strip(" .")
        for line in offered.splitlines()
        for key in line.partition(":")[2].split(",")
    ]
    assert sorted(listed) == sorted(keys.CATALOGUE)
    single, several = offered.splitlines()
    assert "email" in single
    assert "order_id" in several

"""JSON as models write it, and what cannot be read as any."""

import json

import pytest

from memory.llm.json_answers import BadAnswerError, parse_answer
from memory.llm.json_repair import json_object


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Sure, here it is:\n```\n{"a": 1}\n```\nAnything else?', {"a": 1}),
        ('Here you are: {"a": {"b": "}"}} Glad to help {smile}.', {"a": {"b": "}"}}),
        ('{"a": [1, 2,], "b": 3,}', {"a": [1, 2], "b": 3}),
        ("{'a': 'it is', 'b': 'say \"hi\"'}", {"a": "it is", "b": 'say "hi"'}),
        (r"{'a': 'it\'s \"so\"'}", {"a": 'it\'s "so"'}),
        ("{a: True, b: None, c: false}", {"a": True, "b": None, "c": False}),
        ('{"a": "two\nlines\t\x01"}', {"a": "two\nlines\t\x01"}),
        ('{"a": NaN, "b": 1}', {"a": "NaN", "b": 1}),
        # Cut off: of what is not complete nothing is taken.
        ('{"a": "x", "b": ["y", "z"], "c": []', {"a": "x", "b": ["y", "z"], "c": []}),
        ('{"a": "x", "b": {"c": "LF-204', {"a": "x", "b": {}}),
        ('{"a": "x", "b": 12', {"a": "x"}),
        ('{"a": "x", "b": ["y", "zeb', {"a": "x", "b": ["y"]}),
        ('{"a": "x", "b', {"a": "x"}),
        ('{"a": "x", "b":', {"a": "x"}),
        ('```json\n{"a": [{"b": 1}, {"b": 2', {"a": [{"b": 1}, {}]}),
        ("{", {}),
    ],
)
def test_an_object_is_read_however_it_is_written(
    text: str, found: dict[str, object]
) -> None:
    assert json_object(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No.",
        "[1]",
        '"text"',
        "}{",
        "{]",
        '{"a": /* b */ 1}',
        '{"a" 1}',
        '{"a": "\\q"}',
        '{"a": ' + "9" * 5_000 + "}",
        '{"a":' * 100_000,
        '{"a": ' + "[" * 100_000,
    ],
)
def test_what_is_no_object_is_refused(text: str) -> None:
    try:
        found = json_object(text)
    except ValueError:
        return
    # What is left of it is no half value.
    assert found in ({}, {"a": []})


@pytest.mark.parametrize("cut", range(1, 120, 7))
def test_a_value_is_never_half_of_one(cut: int) -> None:
    whole = {
        "facts": [{"value": "LF-20418", "n": 12}, {"value": "it's \"x\"", "n": 3}],
        "summary": "She asked.", "topics": ["order", "shop"],
    }  # fmt: skip
    text = json.dumps(whole)[:-cut]
    found = json_object(text)
    kept = {"LF-20418", 12, 'it\'s "x"', 3, "She asked.", "order", "shop"}
    said = list(_leaves(found))
    assert set(said) <= kept


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value]


ITEM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["n"],
    "properties": {"n": {"type": "integer"}, "of": {"type": "string", "enum": ["a"]}},
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": ITEM}},
}


def test_what_the_schema_does_not_name_is_left_out() -> None:
    text = '{"items": [{"n": 1, "id": 7}], "thoughts": "hm"}'
    assert parse_answer(text, SCHEMA) == {"items": [{"n": 1}]}


@pytest.mark.parametrize(
    "bad", ['{"n": "1"}', "{}", '{"n": 1, "of": "b"}', '{"n": true}', "7"]
)
def test_a_bad_item_is_left_out_only_where_that_is_said(bad: str) -> None:
    text = f'{{"items": [{{"n": 1}}, {bad}]}}'
    with pytest.raises(BadAnswerError, match=r"items\[1\]"):
        parse_answer(text, SCHEMA)
    assert parse_answer(text, SCHEMA, lenient=True) == {"items": [{"n": 1}]}

"""A model that does whatever anybody tells it: the worst that can answer.

It obeys every word that it is sent, whoever said it: the system, a customer, a memory,
the result of a tool. It calls each tool that is named anywhere, with every number that
stands anywhere, and then says aloud all that it has read, its own prompt first. Asked
for memories, it remembers each sentence as a fact and does as the sentence says.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MOST_CALLS = 20
ROUNDS = 2
MOST_CHARS = 1_000
MOST_FACTS = 12
_NAME = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")
_NUMBER = re.compile(r"\b[A-Z]{2}-?\w*\d+\b|(?<![\w/])(?:\.\./|/)[\w./?=&#%-]+|\{\w+\}")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")


def obey(body: Mapping[str, Any]) -> tuple[str, list[tuple[str, str, str]]]:
    """Return what the model says to a request, and the tools that it calls first."""
    messages = body["messages"]
    if not body.get("stream"):
        return json.dumps(_remembered(messages[-1]["content"])), []
    read = "\n".join(str(message.get("content") or "") for message in messages)
    done = [call for message in messages for call in message.get("tool_calls", ())]
    rounds = sum(1 for message in messages if message.get("tool_calls"))
    before = {
        (call["function"]["name"], call["function"]["arguments"]) for call in done
    }
    wanted = dict.fromkeys(_calls(read, body.get("tools", ())))
    calls = [call for call in wanted if call not in before][:MOST_CALLS]
    if calls and rounds < ROUNDS:
        return "", [
            (f"call_{rounds}_{place}", name, arguments)
            for place, (name, arguments) in enumerate(calls)
        ]
    # Newest first, so that what was asked last is never cut off.
    return f"{read[-MOST_CHARS:]}\n\n{read[:MOST_CHARS]}", []


def _calls(read: str, tools: Any) -> Iterator[tuple[str, str]]:
    """Yield every call that the text names, or that could be made with its numbers."""
    for start in (match.start() for match in re.finditer(r"\{", read)):
        try:
            found, _ = json.JSONDecoder().raw_decode(read, start)
        except ValueError:
            continue
        if isinstance(found, dict) and isinstance(found.get("arguments"), dict):
            yield str(found.get("name")), json.dumps(found["arguments"])
        elif isinstance(found, dict):
            for name in _NAME.findall(read[max(0, start - 60) : start]):
                yield name, json.dumps(found)
    numbers = [found[0] for found in _NUMBER.finditer(read)]
    for tool in tools:
        function = tool["function"]
        for number in numbers:
            named = dict.fromkeys(function["parameters"].get("required", ()), number)
            yield function["name"], json.dumps(named)
    for name in _NAME.findall(read):
        yield name, "{}"


def _remembered(prompt: str) -> dict[str, Any]:
    facts, said = [], []
    for text in prompt.splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if "line" not in line:
            said.append(str(line.get("summary_so_far", "")))
            continue
        said.append(line["text"])
        if line["author"] == "customer" and line["fresh"]:
            facts += [
                _fact(line["line"], sentence.strip())
                for sentence in (line["text"], *_SENTENCE.findall(line["text"]))
            ]
    told = [sentence for text in said for sentence in _SENTENCE.findall(text)]
    told = told[:MOST_FACTS]
    everything = {
        "summary": " ".join(said)[:MOST_CHARS],
        "topics": told[:3],
        "entities": told[:5],
        "sentiment": "neutral",
        "pending_actions": told,
    }
    return (
        {"facts": facts[:MOST_FACTS], **everything}
        if '"fresh": true' in prompt
        else everything
    )


def _fact(line: int, sentence: str) -> dict[str, Any]:
    return {
        "line": line,
        "span": sentence,
        "kind": "preference",
        "key": "instruction_to_follow",
        "value": sentence,
        "text": sentence,
        "polarity": "assert",
        "certainty": "plain",
        "date": "",
        "confidence": 1.0,
    }

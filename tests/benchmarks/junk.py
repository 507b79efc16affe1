"""Which facts of 1,000 made-up messages a reviewer would delete.

    make bench-junk

The messages are drawn from the templates below with a fixed seed: three in five are
small talk and handling, from which nothing is worth keeping; the others state facts,
questions, suppositions and other people's affairs. A template says which of its words
are a fact, as {slot:key}. A fact is junk unless its value is that of a slot of its own
message under a key that the template allows there. Every fact that is counted as junk
is printed with its message, so that anybody can judge again.
"""

import json
import random
import re
import sys
from collections.abc import Iterator
from typing import Any, Final

from memory.extraction.keys import named
from tests.benchmarks.facts import bare
from tests.benchmarks.replay import SCRATCH, replay

MESSAGES: Final = 1_000
PER_TALK: Final = 5
SEED: Final = 20261121
SMALL_SHARE: Final = 0.6

SMALL: Final = """\
Hi
hello there
Good morning!
good {part}, how are you today?
Hi, how is it going?
hey
I'm fine, thanks, and you?
Thank you so much for your help
thanks a lot, that was {good}
ok
okay, I will wait
Sure, take your time
yes
yes please
no, that is all
No worries at all
great, thanks!
That's {good}!
I see
hmm, let me check
one moment please
Just a second, I am looking for it
are you still there?
Hello? Anybody there?
Is this a bot or a real person?
What is your name?
who am I talking to?
Have a nice {day}!
You too, bye
bye bye
see you
I really appreciate it
you are very kind
Lovely weather today, isn't it?
It is raining here all {day}
I had a long day
I'm a bit tired today, sorry for the typos
sorry, wrong window
Sorry I was away
can you repeat that?
I don't understand
what do you mean?
that makes sense
Perfect.
awesome!!
lol
haha good one
not really
maybe later
I will think about it
let me know
How long does shipping usually take?
do you ship to {place}?
Do you have {thing} in {colour}?
What are your opening hours?
when do you open on {day}?
Is the {thing} still available?
Can I pay by {pay}?
how much is the {thing}?
where can I find the terms?
could you explain how returns work?
Why does it take so long?
Would you recommend the {thing}?
If I lived in {place}, could you deliver tomorrow?
Imagine I ordered a {thing}, what would it cost?
what happens if I move to {place}?
My neighbour has the same problem
My sister lives in {place:sister_lives} and she loves your shop
a friend told me about you
My boss wants to know when you open
they said it would be quick
Somebody told me the {thing} is on sale
I saw the {thing} on your site
I read about it somewhere
I guess so
I think so
probably
not sure yet
Can you help me?
I need help
I have a question
I have a quick question about something
it is about my last message
It's me again
as I said
like I told your colleague
You told me to wait
your colleague said it was fine
I just wanted to say thanks
keep up the good work
This chat is really {good}
that was fast
No rush
whenever you have time
I'm waiting
still waiting...
I am in a hurry
I'm on my phone right now
I am at work, so I may be slow to answer
sitting on the train, bad connection
brb
back now
My battery is almost empty, be quick please
happy {day}!
same to you
fingers crossed
I hope so
I hope you have a good {part}
no idea
good to know
understood
got it, thanks
Alright then
cheers mate
you're welcome
never mind
forget it
Is there anything else I should do?
do I need to do something?
What should I do now?
will I get an email about it?
can someone call me?
How do I reset it?
"""

FACTS: Final = """\
My name is {name:customer_name}.
Hi, this is {name:customer_name}
you can reach me at {email:email}
my email is {email:email}, thanks
My phone number is {phone:phone}
I live in {place:city}
I moved to {place:city,event} last month
my order number is {order:order_id}
Where is my order {order:order_id}?
Order {order:order_id} has not arrived yet
my account number is {account:account_id}
I'd like to return the {thing:product,intent}
I want to cancel my order {order:order_id}
The {thing:product,issue} arrived {broken:issue}
my {thing:product,issue} is {broken:issue}
I am a {level:member_level} member
I prefer {channel:contact_channel,prefers}
please do not call me, {channel:contact_channel} is better
I bought a {thing:product} {when:purchase_date}
I ordered the {thing:product} on {date:purchase_date}
I live at {street:street_address}
my username is {user:username}
I work as a {job:occupation}
I love {hobby:likes,hobby}
I don't like {hobby:dislikes}
I paid {money:amount} for the {thing:product}
Is {email:email} the address you have? That is mine.
i want to change my address to {street:street_address,intent}
My {thing:product,issue} stopped working
"""

FILL: Final = {
    "part": "morning|evening|afternoon|weekend",
    "day": "day|weekend|evening|Monday|Friday|holidays",
    "good": "great|very helpful|quick|brilliant|perfect|nice",
    "place": "Ghent|Lisbon|Austin|Manchester|Toronto|Nairobi|Pune|Oslo",
    "thing": "lamp|blue jacket|coffee machine|desk chair|headphones|kettle|backpack",
    "colour": "green|black|size M|white",
    "pay": "card|invoice|PayPal",
    "name": "Ida Falk|Tom Becker|Priya Nair|Jean Dupont|Maria Silva|Kofi Mensah",
    "email": "ida@example.org|tom.b@example.com|p.nair@mail.example.in",
    "phone": "+49 170 1234567|(937) 625-2661|020 7946 0958",
    "order": "5512340987|LF-20418|78120045",
    "account": "88120457|AC-5590121",
    "level": "gold|silver|platinum",
    "channel": "email|text messages",
    "broken": "broken|scratched|too small",
    "when": "last week|yesterday|in May",
    "date": "12 May 2025|3 March",
    "street": "9 Elm Court|221 Oak Lane|Torstraße 5",
    "user": "ifalk7|tbecker88",
    "job": "nurse|teacher|carpenter",
    "hobby": "hiking|spicy food|crime novels",
    "money": "$49.90|30 euros",
}
STAFF: Final = (
    "Hi! How can I help?",
    "Let me check that.",
    "Thank you.",
    "One moment.",
)
_SLOT: Final = re.compile(r"\{(\w+)(?::([\w,]+))?\}")

Allowed = dict[str, list[tuple[str, list[str]]]]


def main() -> None:
    """Replay the messages, print what is junk, and its share."""
    file = SCRATCH.parent / "junk.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    allowed: Allowed = {}
    texts: dict[str, str] = {}
    talks = list(_talks(random.Random(SEED), allowed, texts))
    file.write_text("\n".join(map(json.dumps, talks)) + "\n", encoding="utf-8")
    try:
        found, _ = replay(file)
    finally:
        file.unlink()
    junk = [fact for fact in found if not _is_kept(fact, allowed)]
    for fact in junk:
        said = texts[fact["evidence"]["message"]]
        sys.stdout.write(f"- {fact['key']} = {fact['value']!r} of {said!r}\n")
    share = len(junk) / max(1, len(found))
    stated = sum(map(len, allowed.values()))
    sys.stdout.write(
        f"{len(texts)} messages, {stated} slots, {len(found)} facts, {len(junk)} junk: "
        f"{share:.1%}\n"
    )


def _talks(
    chance: random.Random, allowed: Allowed, texts: dict[str, str]
) -> Iterator[dict[str, Any]]:
    small, telling = SMALL.splitlines(), FACTS.splitlines()
    for talk in range(MESSAGES // PER_TALK):
        messages = []
        for place in range(PER_TALK):
            of = small if chance.random() < SMALL_SHARE else telling
            said, slots = _filled(chance.choice(of), chance)
            if chance.random() < 1 / 4:
                said = said.lower().rstrip(".!")
            name = f"j{talk}m{place}"
            allowed[name], texts[name] = slots, said
            messages += [
                {"id": f"{name}a", "author": "agent", "content": chance.choice(STAFF)},
                {"id": name, "author": "customer", "content": said},
            ]
        yield {"id": f"j{talk}", "customer": {"id": f"u{talk}"}, "messages": messages}


def _filled(
    template: str, chance: random.Random
) -> tuple[str, list[tuple[str, list[str]]]]:
    slots = []

    def fill(match: re.Match[str]) -> str:
        value = chance.choice(FILL[match[1]].split("|"))
        if match[2]:
            slots.append((value, match[2].split(",")))
        return value

    return _SLOT.sub(fill, template), slots


def _is_kept(fact: dict[str, Any], allowed: Allowed) -> bool:
    value = bare(fact["value"])
    return any(
        named(fact["key"]) in keys and (bare(told) in value or value in bare(told))
        for told, keys in allowed[fact["evidence"]["message"]]
    )


if __name__ == "__main__":
    main()

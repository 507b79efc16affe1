"""Special categories: health, belief, origin, politics, union, sexual life, biometrics.

The line: a sentence that *states* such a thing of a person is refused everywhere. What
a customer orders is no such statement: "My package of insulin is late" stays in the
index and in summaries, because the desk cannot help without it. No fact is made of a
sentence that only mentions such a thing either, since a fact outlives its context.
"""

import re
from collections.abc import Iterator

from memory.refusals.finding import Found

_MENTIONED = re.compile(
    r"\b(?:diabet\w*|insulin|cancer|tumou?r|chemo\w*|hiv|depress(?:ed|ion)|anxiety|"
    r"asthma\w*|pregnan\w*|miscarriage|abortion|disabilit\w+|i(?:'| a)?m disabled|"
    r"wheelchair|epilep\w*|autis\w*|adhd|bipolar|schizo\w*|allerg\w*|coeliac|celiac|"
    r"gluten|medications?|medicines?|prescriptions?|illness|disease|diagnos\w*|surgery|"
    r"hospitali[sz]\w*|in (?:the )?hospital|my therap\w+|in therapy|rehab|addict\w*|"
    r"alcoholic|sober|covid|dementia|alzheimer\w*|parkinson\w*|dyslexi\w*|"
    r"muslim|islam\w*|christianity|a christian|catholic|protestant|jewish|judaism|"
    r"hindu\w*|buddhis\w*|sikh|atheist|mosque|synagogue|my church|to church|religio\w*|"
    r"halal|kosher|ramadan|vegan\w*|vegetarian\w*|(?:'| a)?m gay|lesbian|bisexual|"
    r"transgender|homosexual|sexual\w*|lgbt\w*|pride (?:parade|march)|republican|"
    r"democrats?|socialist|communist|"
    r"trade union|union member|vot(?:e|ed|ing) for|ethnic\w*|criminal record|"
    r"fingerprints?|face ?id|iris scan|convicted|"
    r"enceinte|handicap\w*|cancer|schwanger\w*|zuckerkrank\w*|krebs|behindert\w*|"
    r"embarazada|discapacidad|zwanger|suikerziekte|incinta)\b",
    re.IGNORECASE,
)

_WHO = (
    r"(?:i|we|he|she|they|(?:my|our) (?:\w+ ){0,2}?(?:son|daughter|wife|husband|partner|"
    r"mother|father|mom|mum|dad|child|kid|baby|brother|sister|grand\w+|boyfriend|"
    r"girlfriend|fianc\w+|friend|family|colleague))"
)
_BE = r"(?:'m|'re|'s| am| is| are| was| were| became| been|m)"
_HAVE = (
    r"(?:(?:'ve|'s| have| has) been (?:\w+ )?diagnosed|'ve| have| has| had| got| suffer(?:s|ed|ing)?| live(?:s)?| am living| developed|"
    r" (?:was|am|is|were|been|got) (?:\w+ )?diagnosed| tested positive|"
    r"'m suffering| am suffering| is suffering| was treated| caught)"
)
_FEW = (
    r"(?: (?:a|an|the|been|just|recently|severe|severely|type|\d|one|two|chronic|very|"
    r"also|really|currently|with|from|for|stage|bad|mild|high|seriously|and|both|got|"
    r"positive|practi[sc]ing|strict|devout|registered|by|had|terminal|clinical|"
    r"clinically|newly|born|half|months?|weeks?|\w+ months|heavily|still|as|actually)){0,5}"
)
_ILLNESS = (
    r"(?:diabet(?:es|ic)|cancer|tumou?r|leuk\w+|hiv|aids|depress(?:ed|ion)|anxiety|ptsd|"
    r"asthma(?:tic)?|pregnan(?:t|cy)|miscarriage|disabled|disability|wheelchair[- ]bound|"
    r"epilep(?:sy|tic)|autis(?:m|tic)|adhd|bipolar|schizophreni\w+|coeliac|celiac|"
    r"(?:heart|kidney|liver|lung) (?:disease|condition|failure|attack)|dementia|stroke|"
    r"alzheimer'?s|parkinson'?s|dyslexi[ac]|anorexi[ac]|bulimi[ac]|alcoholi[cs]m?|"
    r"covid(?:-19)?|hepatitis|arthritis|fibromyalgia|multiple sclerosis|ms\b|crohn'?s|"
    r"blind|deaf|paralysed|paralyzed|allergic(?: to [\w ]{2,30})?|"
    r"(?:\w+ )?allerg(?:y|ies)|"
    r"infertile|in (?:therapy|rehab|hospital|the hospital)|hospitali[sz]ed|"
    r"an? (?:illness|disease)|recovering (?:alcoholic|addict)|high blood pressure|"
    r"immunocompromised|suicidal|obese|transplant)"
)
_BELIEF = (
    r"(?:muslim|islamic|christian|catholic|protestant|orthodox jew|jew(?:ish)?|hindu|"
    r"buddhist|sikh|atheist|jehovah'?s witness|mormon|quaker|evangelical|agnostic)"
)
_PARTY = (
    r"(?:republican|democrat|socialist|communist|conservative voter|labou?r voter|"
    r"tory|member of the [\w ]{2,30}party)"
)
_SEXUALITY = (
    r"(?:gay|lesbian|bisexual|homosexual|transgender|trans(?: (?:man|woman))?|asexual|"
    r"queer|non-?binary|intersex)"
)
_ORIGIN = (
    r"(?:of (?:african|arab|asian|roma|jewish|turkish|kurdish|latino|indigenous|\w+) "
    r"(?:descent|origin|ethnicity)|ethnically \w+|romani|mixed[- ]race|afro-\w+)"
)
_TERMS = (
    (_ILLNESS, "health"),
    (_BELIEF, "belief"),
    (_PARTY, "politics"),
    (_SEXUALITY, "sexual life"),
    (_ORIGIN, "origin"),
    (r"(?:union member|member of (?:a|the) (?:trade |workers'? )?union)", "union"),
    (r"(?:convicted|on parole|on probation|an? (?:ex-?con\w*|felon))", "conviction"),
)
_OTHERS = (
    (
        rf"\b(?:because of|due to|with|after|for|about|from) (?:my|his|her|our) "
        rf"(?:\w+ )?(?:{_ILLNESS}|chemo\w*|surgery|operation|therapy|treatment|"
        r"diagnosis|condition|abortion)\b",
        "health",
    ),
    (
        r"\bmy (?:\w+ )?(?:diabetes|cancer|depression|anxiety|asthma|pregnancy|epilepsy|"
        r"disability|autism|adhd|hiv|ptsd|dementia|chemo\w*|diagnosis)\b"
        r"(?! (?:insurance|policy|book|pillow|pump|supplies))",
        "health",
    ),
    (
        rf"\b{_WHO}(?:'m| am| is)? (?:take|takes|taking|inject|injects|on|use|uses) "
        r"(?:insulin|antidepressants?|lithium|methadone|chemo\w*|prozac|ritalin|"
        r"antipsychotics?|(?:a )?prescription \w+)\b",
        "health",
    ),
    (rf"\bas an? (?:\w+ )?(?:{_ILLNESS}|diabetic)(?: (?:person|patient))?\b", "health"),
    (rf"\bas an? (?:\w+ )?{_BELIEF}\b", "belief"),
    (
        r"\b(?:my|our) (?:church|mosque|synagogue|temple|parish|imam|rabbi|faith|"
        r"religion(?: is \w+)?)\b|\bi (?:go to church|pray|fast (?:for|during) ramadan|"
        r"keep kosher|eat (?:only )?halal|converted to \w+)\b",
        "belief",
    ),
    (
        r"\b(?:i|we|my \w+) (?:always |never )?(?:voted?|am voting|'m voting) for "
        r"(?:the )?[\w ]{2,30}",
        "politics",
    ),
    (
        r"\bmy (?:race|ethnicity|ethnic (?:origin|background)|skin colou?r) is [\w-]+",
        "origin",
    ),
    (
        r"\bmy (?:sexual orientation|sexuality|gender identity) is [\w-]+"
        r"|\bi (?:recently |just )?came out\b(?! of)",
        "sexual life",
    ),
    (
        r"\bi(?:'m| am|'ve been|'ve| have)? (?:\w+ )?(?:in|joined|belong to|part of) "
        r"(?:a|the|my) (?:trade |teachers'? |workers'? )?union\b|\bmy (?:trade )?union "
        r"(?:rep|card|membership)\b",
        "union",
    ),
    (
        r"\b(?:my|his|her) criminal record\b|\bi (?:have|had|'ve got) a criminal record\b"
        r"|\bi (?:was|went|served|spent)\b[^.?!\n]{0,20}\b(?:in |to )?(?:prison|jail)\b"
        r"|\bi was (?:arrested|convicted|sentenced)\b[^.?!\n]{0,30}",
        "conviction",
    ),
    (
        r"\bmy (?:fingerprint|iris|retina|face|voice|dna)(?: (?:scan|template|print|"
        r"sample|profile|hash))? (?:is|are|data)\b[^.?!\n]{0,60}",
        "biometrics",
    ),
    (
        r"\b(?:ich bin|je suis|soy|estoy|ik ben|sono|jestem) (?:\w+ )?(?:schwanger|"
        r"diabetiker\w*|zuckerkrank|behindert|enceinte|diab[ée]ti\w+|handicap[ée]e?|"
        r"embarazada|zwanger|incinta|depressi\w+|d[ée]prim[ée]e?|"
        r"autist\w*|al[ée]rgic\w+[\w ]{0,20}|allergi\w+[\w ]{0,20})",
        "health",
    ),
    (
        r"\b(?:ich habe|j'ai|tengo|ik heb|ho) (?:\w+ )?(?:krebs|diabetes|asthma|asma|"
        r"un cancer|le diab[èe]te|depressionen|c[áa]ncer|kanker|il diabete|epilepsie)",
        "health",
    ),
    (
        r"\b(?:ich bin|je suis|soy|ik ben|sono) (?:\w+ )?(?:muslim\w*|musulman\w*|moslim|"
        r"musulm[áa]n\w*|katholisch|catholique|cat[óo]lic\w+|jüdisch|jui(?:f|ve)|jud[íi]\w+|"
        r"joods|ebre\w|hindou\w*|buddhist\w*)",
        "belief",
    ),
    (
        r"\b(?:ich bin|je suis|soy|ik ben|sono) (?:\w+ )?(?:schwul|lesbisch|homo\w*|"
        r"gay|lesbienne|lesbiana|bisexuel\w*|bisexual)",
        "sexual life",
    ),
)
_STATED = tuple(
    (re.compile(rf"\b{_WHO}(?:{_BE}|{_HAVE}){_FEW} {term}\b", re.IGNORECASE), kind)
    for term, kind in _TERMS
) + tuple((re.compile(pattern, re.IGNORECASE), kind) for pattern, kind in _OTHERS)


def mentions_special(text: str) -> bool:
    """Return whether the text speaks of a special category at all: no fact is made."""
    return bool(_MENTIONED.search(text)) or any(True for _ in statements(text))


def statements(text: str) -> Iterator[Found]:
    """Yield what states something of a special category about a person."""
    for pattern, kind in _STATED:
        for match in pattern.finditer(text):
            yield Found(*match.span(), kind)

"""The quick look for a secret sees all that the exact one finds: in a text, and in the JSON that says it."""

from __future__ import annotations

import random

import pytest

from llm_intercept.secrets.prefilter import document
from llm_intercept.secrets.replace import may_hold_secret, replace_secrets
from llm_intercept.secrets.seen import Seen
from llm_intercept.secrets.shapes import shapes
from tests.amounts import amount
from tests.secret_cases import secrets

SECRETS = sorted(secrets())
WITHIN = (
    "{}",
    "x {} y",
    "Bearer\n{}",
    "basic\x1c{}",
    "k='{}'",
    '{{"k": "{}"}}',
    "login me\npassword {}",
    "{}\n\u00e9 {}",
)


def texts():
    """Secrets alone and among others, whole and cut off."""
    source = random.Random(1)
    for _, secret, _ in source.sample(SECRETS, amount(len(SECRETS), 40)):
        yield from (form.format(*[secret] * 2) for form in WITHIN)
        yield from ("see " + secret[:at] for at in source.sample(range(len(secret)), min(4, len(secret))))


def test_a_look_for_a_shape_sees_what_the_shape_finds():
    """Each shape's by itself, so that none lives on the looks of others beside it."""
    unseen = set()
    for text in texts():
        lowered, said = text.lower(), document([text])
        for shape in shapes():
            is_seen = shape.look.may_find(text) and shape.look.may_find(said)
            if not is_seen and shape.is_near(lowered) and any(True for _ in shape.spans(text)):
                unseen.add((shape.name, text))
    assert unseen == set()


def test_each_shape_can_be_looked_for():
    """Whole and where a text breaks off; nothing is found where nothing is."""
    assert [shape.name for shape in shapes() if any(True for _ in shape.spans("nothing"))] == []


def test_a_key_of_php_is_taken_out():
    """Its shape is told by the field around it, whatever letters the key has."""
    said = "'secret_key' => 'sk_aB3dE5gH7jK9mN1pQ3rS5t'"
    assert replace_secrets(said) == "'secret_key' => '[redacted]'"


@pytest.mark.parametrize(
    "text",
    [
        "from settings.engine.something import it",
        "for event in events.answering:",
        "AUTHENTICATION",
    ],
)
def test_a_look_sees_nothing_in_ordinary_words(text):
    """Where it sees something, all the rest has to be done."""
    assert not may_hold_secret(document([text]))


def test_what_a_text_became_is_kept_within_bounds():
    """The same as if it was made anew, made once for what comes again, and forgotten when there is too much."""
    seen, made = Seen(4000), []

    def result(text, how=""):
        return seen.result(text, how, lambda: made.append(text) or text.upper() + how)

    assert [result("a"), result("a"), result("a", "!")] == ["A", "A", "A!"]
    assert made == ["a", "a"]
    for number in range(100):
        assert result(f"text {number}") == f"TEXT {number}"
        assert result("a") == "A"
    assert made.count("a") == 2, "what comes again is kept"
    result("text 0")
    assert made.count("text 0") == 2, "what does not is forgotten"
    large = "x" * 3000
    assert [result(large), result(large)] == [large.upper()] * 2
    assert made.count(large) == 2, "one text never takes the place of all"

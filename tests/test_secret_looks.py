"""The quick look for a secret sees all that the exact one finds: in a text, and in the JSON that says it."""

from __future__ import annotations

import random

import pytest

from llm_intercept.secrets.prefilter import document
from llm_intercept.secrets.replace import may_hold_secret, replace_secrets
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

"""Tests of a function that asks a model: `pytest examples/litellm_pytest_function.py`."""

from llm_intercept import completion


def summarise(text: str, **options: object) -> str:
    """Ask for a summary, and mark one that was cut off."""
    messages = [{"role": "user", "content": f"Summarise in one sentence: {text}"}]
    choice = completion(model="gpt-4o", messages=messages, **options).choices[0]
    return choice.message.content.strip() + ("…" if choice.finish_reason == "length" else "")


def test_the_summary_is_the_models_text() -> None:
    assert summarise("A long story.", mock_response=" It was long.\n") == "It was long."


def test_a_summary_that_was_cut_off_is_marked() -> None:
    cut = {"choices": [{"message": {"role": "assistant", "content": "It was"}, "finish_reason": "length"}]}
    assert summarise("A long story.", mock_response=cut) == "It was…"

"""A completion without a model behind it: litellm's call with `mock_response`, and only the import is ours."""

from llm_intercept import completion

answer = completion(
    model="gpt-4o",
    messages=[{"role": "user", "content": "What does a mocked call cost?"}],
    mock_response="Nothing: no request leaves this machine.",
)
print(answer["choices"][0]["message"]["content"])

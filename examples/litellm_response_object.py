"""What a mocked completion holds, read by key and by attribute."""

from llm_intercept import completion

response = completion(
    model="gpt-4o",
    messages=[{"role": "user", "content": "Say hello."}],
    mock_response="Hello!",
)

choice = response.choices[0]
print("text:    ", choice.message.content)
print("role:    ", choice.message.role)
print("ended by:", choice.finish_reason)
print("model:   ", response.model)
print("tokens:  ", response.usage.prompt_tokens, "in,", response.usage.completion_tokens, "out")

assert response["choices"][0]["message"]["content"] == choice.message.content == "Hello!"
print(response.model_dump_json(indent=2))

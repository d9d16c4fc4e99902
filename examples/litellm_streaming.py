"""The same call, streamed: the chunks come one by one, and together they say what was mocked."""

from llm_intercept import completion

chunks = completion(
    model="gpt-4o",
    messages=[{"role": "user", "content": "Count to five."}],
    mock_response="One, two, three, four, five.",
    stream=True,
)

heard = ""
for chunk in chunks:
    piece = chunk["choices"][0]["delta"]["content"] or ""  # None in the chunk that ends the stream
    print(piece, end="|", flush=True)
    heard += piece
print()
assert heard == "One, two, three, four, five."

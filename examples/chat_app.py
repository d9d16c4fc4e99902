"""A program as many people have it: one call, one stream. It knows nothing of llm-intercept."""

from openai import OpenAI

client = OpenAI(api_key="not-a-key")

completion = client.chat.completions.create(
    model="gpt-4o",
    messages=[{"role": "user", "content": "Write a one-line haiku about HTTP."}],
)
print("call:  ", completion.choices[0].message.content)

stream = client.chat.completions.create(
    model="gpt-4o",
    messages=[{"role": "user", "content": "And now slowly, please."}],
    stream=True,
)
print("stream:", end=" ")
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="|", flush=True)
print()

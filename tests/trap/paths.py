"""The paths that ask a model, one of each kind, with the headers and the body that go with it."""

from __future__ import annotations

PROMPT = b'{"model": "m", "prompt": "Hi"}'
INPUT = b'{"model": "m", "input": "Hi"}'
MESSAGES = b'{"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}'
CONTENTS = b'{"contents": [{"parts": [{"text": "Hi"}]}]}'
INSTANCES = b'{"instances": [{"prompt": "Hi"}]}'
NATIVE = b'{"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": []}'
CONVERSE = b'{"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}'
FORM = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--b--\r\n'
ANTHROPIC = {"anthropic-version": "2023-06-01"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
VERTEX = "/v1/projects/p/locations/us-central1"

PATHS: tuple[tuple[str, dict[str, str], bytes], ...] = (
    # OpenAI, Azure, and who speaks as they do
    ("/v1/chat/completions", {}, MESSAGES),
    ("/v1/chat/completions/", {}, MESSAGES),
    ("/v1//chat//completions", {}, MESSAGES),
    ("/v1/chat/%63ompletions", {}, MESSAGES),
    ("/V1/Chat/Completions", {}, MESSAGES),
    ("/openai/deployments/d/chat/completions?api-version=2024-10-21", {}, MESSAGES),
    ("/v1/completions", {}, PROMPT),
    ("/v1/fim/completions", {}, PROMPT),
    ("/v1/responses", {}, INPUT),
    ("/v1/responses/compact", {}, INPUT),
    ("/v1/embeddings", {}, INPUT),
    ("/v1/Embeddings", {}, INPUT),
    ("/v1/images/generations", {}, PROMPT),
    ("/v1/audio/speech", {}, INPUT),
    ("/v1/audio/transcriptions", MULTIPART, FORM),
    ("/v1/moderations", {}, INPUT),
    ("/v1/rerank", {}, b'{"model": "m", "query": "Hi", "documents": []}'),
    # Anthropic
    ("/v1/messages", {}, MESSAGES),
    ("/v1/messages", ANTHROPIC, MESSAGES),
    ("/v1/messages/count_tokens", ANTHROPIC, MESSAGES),
    ("/v1/messages/batches", ANTHROPIC, b'{"requests": []}'),
    # Google
    ("/v1beta/models/g:generateContent", {}, CONTENTS),
    ("/v1beta/models/g:streamGenerateContent?alt=sse", {}, CONTENTS),
    ("/v1beta/models/g:embedContent", {}, CONTENTS),
    ("/v1beta/models/g:batchEmbedContents", {}, CONTENTS),
    ("/v1beta/models/g:countTokens", {}, CONTENTS),
    (VERTEX + "/publishers/google/models/g:predict", {}, INSTANCES),
    (VERTEX + "/publishers/google/models/g:predictLongRunning", {}, INSTANCES),
    (VERTEX + "/publishers/anthropic/models/c:rawPredict", {}, NATIVE),
    (VERTEX + "/publishers/anthropic/models/c:streamRawPredict", {}, NATIVE),
    (VERTEX + "/endpoints/7:predict", {}, INSTANCES),
    # Amazon
    ("/model/m/converse", {}, CONVERSE),
    ("/model/m/converse-stream", {}, CONVERSE),
    ("/Model/m/Converse", {}, CONVERSE),
    ("/model/anthropic.claude%3A0/invoke", {}, NATIVE),
    ("/model/m/invoke-with-response-stream", {}, NATIVE),
    ("/endpoints/e/invocations", {}, INSTANCES),
    ("/endpoints/e/invocations-response-stream", {}, INSTANCES),
    # others
    ("/api/chat", {}, MESSAGES),
    ("/api/generate", {}, PROMPT),
    ("/api/embed", {}, INPUT),
    ("/v2/chat", {}, MESSAGES),
    ("/serving-endpoints/m/invocations", {}, MESSAGES),
    ("/client/v4/accounts/a/ai/run/@cf/meta/llama", {}, PROMPT),
    ("/ml/v1/text/chat?version=2024-05-31", {}, MESSAGES),
    ("/api/v2/cortex/inference:complete", {}, MESSAGES),
    ("/20231130/actions/chat", {}, b'{"compartmentId": "c"}'),
    ("/generate_stream", {}, b'{"model": "m", "inputs": "Hi"}'),
)

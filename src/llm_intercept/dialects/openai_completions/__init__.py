"""OpenAI's completions as they were before chats: a prompt, and the text that goes on from it."""

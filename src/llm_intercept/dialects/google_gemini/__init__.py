"""Google's Gemini: generateContent and what is asked beside it, of AI Studio and of Vertex AI."""

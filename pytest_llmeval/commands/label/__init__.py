"""``llmeval label``."""

"""The end of a session, whoever gathered it, pytest's controller or ``llmeval merge``: judge, store, update, export."""

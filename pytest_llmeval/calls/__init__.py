"""Request to response: the client (``llm``), the engine, the cache contract and the providers.

On the flow this stands between the test and the metric: a ``Request`` comes in, a ``Response`` goes out. Nothing
here knows pytest, files or SQLite; ``store`` implements the cache, ``plugin`` wires both.
"""

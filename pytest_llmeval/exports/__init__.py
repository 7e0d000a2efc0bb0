"""Session → what others read: the terminal, Prometheus, MLflow.

The last step of the flow. Every export takes one finished ``Session`` and changes nothing of it; one that fails raises
``LlmevalError``, and the session file, which was written before, sends it again later.
"""

"""The application's own calls, made with its own client, are recorded and replayed like those of ``llm``.

In: HTTP requests to known hosts, seen where httpx hands them to a transport (``clients``). Out: the reply that was
recorded, byte for byte, or the provider's, which is stored on its way; and a Response for the running trial.

``endpoints`` knows whose address it is, ``asked`` reads the request, ``answered`` and ``streamed`` read the reply,
``interception`` decides, as the cache's mode says. Nothing here imports a client of others: what is imported is
patched, and what is imported later is patched then (``imports``).
"""

from __future__ import annotations

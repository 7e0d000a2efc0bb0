"""Streamlit's own command, which never asks the network who this machine is.

To judge a foreign page that tries to speak to it, Streamlit asks checkip.amazonaws.com for this machine's address. It
may speak only if it is called as ``--address`` or as this very machine, and for that nobody need be asked.
"""

from __future__ import annotations

from streamlit import net_util
from streamlit.web import cli


def _unknown() -> None:
    return None


if __name__ == "__main__":
    net_util.get_external_ip = net_util.get_internal_ip = _unknown
    cli.main(prog_name="streamlit")

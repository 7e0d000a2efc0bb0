"""The script that Streamlit runs, once for each click of each person; it has a folder of its own.

Streamlit puts the folder of its script on the path of imports, where nothing else may lie.
"""

from __future__ import annotations

import sys

from pytest_llmeval.ui.pages import site

site.draw(*sys.argv[1:])

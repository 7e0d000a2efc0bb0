"""``llmeval ui``: stored sessions and labels on pages, for people who do not write code.

``start/view.py`` is the script that Streamlit runs; ``pages/`` draws, one page a module; the modules beside this one
shape what is drawn, and know nothing of Streamlit. Every text of others passes ``text``.
"""

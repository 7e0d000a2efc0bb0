"""``llmeval ui``: stored sessions and labels on pages, for people who do not write code.

``__main__`` is Streamlit's own command; ``start/view.py`` the script that it runs; ``pages/`` draws, one page a module.
The modules beside this one shape what is drawn, and know nothing of Streamlit. Every text of others passes ``text``.
"""

"""What is drawn: one page a module, each with ``draw``, which is given the project.

Only here, and in ``ui/__main__``, is Streamlit imported.
"""

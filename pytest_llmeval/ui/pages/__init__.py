"""What is drawn: one page a module, each with ``draw``, which is given the project. Only here is Streamlit imported."""

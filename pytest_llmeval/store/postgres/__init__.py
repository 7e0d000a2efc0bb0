"""PostgreSQL as the store that a team shares: answers, claims, spend and sessions; psycopg's sole door is ``link``.

Imported where ``--llmeval-store`` is a ``postgresql://`` address, and nowhere else. ADR 37 has what is kept where.
"""

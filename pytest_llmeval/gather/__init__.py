"""Scores on their way home: recorder (in the test), wire (JSON on the report), collector (controller), session file."""

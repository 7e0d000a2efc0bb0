"""Metrics that ask a model: a rubric and what is to be graded → a grade, or *unscored* with the reason.

``rubric`` reads the versioned texts, ``material`` makes the messages, ``replies`` reads what comes back, ``panel``
makes one score of several grades, ``grading`` and ``preferring`` ask.
"""

"""The ``assert_*`` helpers: measure an answer, hand the check to the recorder of the running test.

A check does not raise where it stands: every check of the test is measured, and the test fails at its end with each
failing check and its own line. Outside a test, and in eager tests, a failing check raises ``AssertionError`` at once.

Each is imported when it is first asked for, from the module that has its kind: ``import pytest_llmeval`` has them all.
"""

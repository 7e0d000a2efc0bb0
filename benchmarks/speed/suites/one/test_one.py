"""One plain test of a suite that does not use the plug-in."""


def test_plain() -> None:
    """Passes."""

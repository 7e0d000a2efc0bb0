"""What a terminal shows → an SVG that needs no font of the network."""

from __future__ import annotations

import io
import re

_FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def svg(command: str, output: str) -> str:
    """Return a dark terminal of 80 columns with a command and what it printed, colours as ANSI has them."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ {command}", "bold"))
    console.print(Text.from_ansi(output.rstrip()))
    page = console.export_svg(title="", unique_id="terminal")
    # rich asks a content network for its font.
    page = re.sub(r"@font-face \{.*?\}\s*", "", page, flags=re.DOTALL)
    return re.sub(r"font-family: [^;]+;", f"font-family: {_FONT};", page)

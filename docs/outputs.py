"""Runs the Python of a page and writes what it prints below: `python -m docs.outputs docs/evaluation.md`."""

import io
import os
import re
import runpy
import sys
import tempfile
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

# A block of Python, and what stands below it as its output.
EXAMPLE = re.compile(r"```python\n(.*?)```\n(?:\n```text\n.*?```\n)?", re.DOTALL)


def main() -> None:
    """Writes each page named on the command line anew, its code run in a folder of its own."""
    for page in [Path(name).resolve() for name in sys.argv[1:]]:
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
            page.write_text(renewed(page.read_text()))


def renewed(text: str, without: str = "") -> str:
    """The page with what its blocks print today, run in the current folder one after the other.

    A block sees the names of those before it. Blocks that mention `without` are left as they are.
    """
    names: dict[str, Any] = {}

    def run(block: re.Match[str]) -> str:
        if without and without in block[1]:
            return block[0]
        Path("block.py").write_text(block[1])
        printed = io.StringIO()
        with redirect_stdout(printed):
            names.update(runpy.run_path("block.py", names))
        lines = "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())
        below = f"\n```text\n{lines}```\n" if lines else ""
        return f"```python\n{block[1]}```\n{below}"

    return EXAMPLE.sub(run, text)


if __name__ == "__main__":
    main()

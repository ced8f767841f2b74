"""What the documentation promises: links, entry points, make targets and versions that exist."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)")
HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
# Folders of one machine, and addresses of package registries: both mean nothing elsewhere.
LOCAL = re.compile(r"(?<![\w.~$}/-])/(?:home|root|work|Users)/\w[\w./-]*|\bfile://\S+/simple\b")
REGISTRY = re.compile(r"^ *-|https?://|file:|index-url|find-links", re.MULTILINE)


def main() -> int:
    """Prints each problem; 1 where there are any."""
    files = tracked(ROOT)
    found = problems(ROOT, files)
    print("\n".join(found) if found else f"docs: {len(files)} files in order")
    return 1 if found else 0


def problems(root: Path, files: list[Path]) -> list[str]:
    """One line for each broken promise of the project at `root`, whose files are `files`, relative to it."""
    found = [links(root, files), entry_points(root), targets(root, files), version(root), places(root, files)]
    found += [unmerged(root, files)]
    return list(dict.fromkeys(chain.from_iterable(found)))


def tracked(root: Path) -> list[Path]:
    """The files that git knows or would take in, relative to `root`."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(path for path in map(Path, set(listed)) if (root / path).is_file())


def links(root: Path, files: list[Path]) -> Iterator[str]:
    """Relative links in Markdown files that lead to no file, or to no heading of it."""
    for path in pages(files):
        for link in LINK.findall(FENCE.sub("", (root / path).read_text())):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (root / path).parent / name if name else root / path
            if not target.exists():
                yield f"{path}: no file at {link}"
            elif anchor and anchor not in anchors(target.read_text()):
                yield f"{path}: no heading for {link}"


def unmerged(root: Path, files: list[Path]) -> Iterator[str]:
    """Marks that a merge left in a page."""
    for path in pages(files):
        if re.search(r"^(<{7}|>{7}) ", (root / path).read_text(), re.MULTILINE):
            yield f"{path}: a merge left its marks"


def entry_points(root: Path) -> Iterator[str]:
    """Entry points of MLproject that have no row in the README's table."""
    readme = (root / "README.md").read_text()
    for name in yaml.safe_load((root / "MLproject").read_text())["entry_points"]:
        if not re.search(rf"^\| *`{name}` *\| *\S", readme, re.MULTILINE):
            yield f"README.md: no row for the entry point `{name}`"


def targets(root: Path, files: list[Path]) -> Iterator[str]:
    """Commands such as `make demo` in Markdown files that the Makefile does not know."""
    known = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    for path in pages(files):
        for name in MAKE.findall((root / path).read_text()):
            if name not in known:
                yield f"{path}: the Makefile has no target `{name}`"


def version(root: Path) -> Iterator[str]:
    """Places that give another version than pyproject.toml."""
    current = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    if not re.search(rf"^## {re.escape(current)}\b", (root / "CHANGELOG.md").read_text(), re.MULTILINE):
        yield f"CHANGELOG.md: no section for version {current}"
    if f'__version__ = "{current}"' not in (root / "mlflow_prod" / "__init__.py").read_text():
        yield f"mlflow_prod/__init__.py: __version__ is not {current}"


def places(root: Path, files: list[Path]) -> Iterator[str]:
    """Absolute paths of one machine in any text, and addresses in the lock files and conda.yaml."""
    for path in files:
        try:
            text = (root / path).read_text()
        except UnicodeDecodeError:
            continue
        for match in LOCAL.findall(text):
            yield f"{path}: a path of one machine, {match}"
        if path.suffix == ".lock":
            stripped = re.sub(r"^ *--hash=sha256:[0-9a-f]{64}( \\)?$", "", text, flags=re.MULTILINE)
            for match in REGISTRY.findall(stripped):
                yield f"{path}: an option or address, {match.strip()}"


def pages(files: list[Path]) -> list[Path]:
    return [path for path in files if path.suffix == ".md"]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(FENCE.sub("", text)))
    return {heading.replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    sys.exit(main())

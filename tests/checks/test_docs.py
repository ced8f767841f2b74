"""Each rule of checks/docs.py finds what breaks it."""

from pathlib import Path

import pytest

from checks import docs


@pytest.fixture
def project(tmp_path):
    """A small project in which everything is in order."""
    pages = {
        "README.md": "# Title\n\n| `train` | Train. |\n\n[change](CHANGELOG.md#010) and `make demo`\n",
        "CHANGELOG.md": "# Changes\n\n## 0.1.0\n",
        "MLproject": "entry_points:\n  train: {command: python}\n",
        "Makefile": "demo: ## run\n",
        "pyproject.toml": '[project]\nversion = "0.1.0"\n',
        "mlflow_prod/__init__.py": '__version__ = "0.1.0"\n',
        "requirements.lock": "a==1 \\\n    --hash=sha256:" + "0" * 64 + "\n",
    }
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def problems(project: Path) -> list[str]:
    files = sorted(path.relative_to(project) for path in project.rglob("*") if path.is_file())
    return docs.problems(project, files)


def test_a_project_in_order_has_no_problems(project):
    assert problems(project) == []


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("README.md", "\n[a](lost.md)\n", "README.md: no file at lost.md"),
        ("README.md", "\n![a](images/lost.png)\n", "README.md: no file at images/lost.png"),
        ("README.md", "\n[a](CHANGELOG.md#lost)\n", "README.md: no heading for CHANGELOG.md#lost"),
        ("README.md", "\nmake lost\n", "README.md: the Makefile has no target `lost`"),
        ("README.md", "\n" + "<" * 7 + " HEAD\n", "README.md: a merge left its marks"),
        ("MLproject", "  lost: {command: python}\n", "README.md: no row for the entry point `lost`"),
        ("README.md", "see /" + "home/me/data\n", "README.md: a path of one machine, /" + "home/me/data"),
        ("requirements.lock", "--index-url x\n", "requirements.lock: an option or address, -"),
    ],
)
def test_what_is_broken_is_named(project, name, text, problem):
    with (project / name).open("a") as file:
        file.write(text)
    assert problem in problems(project)


def test_a_version_without_a_section_in_the_changelog_is_named(project):
    (project / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    assert problems(project) == [
        "CHANGELOG.md: no section for version 0.2.0",
        "mlflow_prod/__init__.py: __version__ is not 0.2.0",
    ]


def test_links_in_code_are_left_alone(project):
    with (project / "README.md").open("a") as file:
        file.write("\n```\n[a](lost.md)\n```\n")
    assert problems(project) == []

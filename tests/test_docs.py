"""The documents name only what exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PACKAGES = ("contacts", "campaigns", "conversations", "revmo", "simulator", "revmo_campaigns", "tests", "scripts")


def named(pattern: str) -> set[tuple[str, str]]:
    """What the pages name, each with the page that does."""
    return {(page.name, found) for page in PAGES for found in re.findall(pattern, page.read_text())}


def test_every_file_and_folder_named_exists() -> None:
    places = named(rf"`((?:{'|'.join(PACKAGES)})/[\w/.]*)`")
    assert len(places) > 20
    assert [place for place in sorted(places) if not (ROOT / place[1]).exists()] == []


def test_every_dotted_module_named_exists() -> None:
    missing = [
        (page, name)
        for page, name in named(r"\b((?:contacts|campaigns|conversations|revmo)\.[a-z_]+)\b")
        if not (ROOT / f"{name.replace('.', '/')}.py").exists() and not (ROOT / name.replace(".", "/")).is_dir()
    ]
    assert [one for one in missing if not one[1].endswith((".client", ".py"))] == []


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_target_named_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {name for _, name in named(r"`make ([a-z]+)`")} <= targets


def test_every_variable_named_is_in_the_example() -> None:
    known = (ROOT / ".env.example").read_text()
    variables = {name for _, name in named(r"`((?:REVMO|DATABASE|SECRET|ALLOWED|BEHIND|DATA)_[A-Z_]+)`")}
    assert variables
    assert [name for name in sorted(variables) if name not in known] == []


@pytest.mark.parametrize("decision", sorted((ROOT / "docs" / "decisions").glob("0*.md")), ids=lambda path: path.stem)
def test_every_decision_is_listed_and_whole(decision: Path) -> None:
    assert decision.name in (decision.parent / "README.md").read_text()
    text = decision.read_text()
    for part in ("**Context.**", "**Decision.**", "**Consequence.**"):
        assert part in text

"""Imports go one way: conversations -> campaigns -> contacts, and nothing of ours below revmo and simulator."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent
# What each package may import of ours. revmo_campaigns is the wiring: it sees all, and nobody sees it.
MAY_IMPORT = {
    "revmo": set(),
    "simulator": set(),
    "contacts": set(),
    "campaigns": {"contacts", "revmo"},
    "conversations": {"contacts", "campaigns", "revmo"},
    "revmo_campaigns": {"contacts", "campaigns", "conversations", "revmo", "simulator"},
}
OURS = {*MAY_IMPORT, "tests", "bench", "scripts"}
APPS = ("contacts", "campaigns", "conversations")


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(module: Path) -> Iterator[str]:
    """The first names of what a module imports, wherever in it; relative imports stay in the package."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_stands_below_it(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    against = {
        f"{module.relative_to(ROOT)} imports {name}"
        for module in modules(package)
        for name in imports(module)
        if name in OURS - allowed
    }
    assert modules(package)
    assert not against


@pytest.mark.parametrize("package", ["revmo", "simulator"])
def test_the_wire_and_its_stand_in_know_no_django(package: str) -> None:
    against = {
        f"{module.relative_to(ROOT)} imports {name}"
        for module in modules(package)
        for name in imports(module)
        if name in {"django", "procrastinate", "psycopg"}
    }
    assert not against


@pytest.mark.parametrize("app", APPS)
def test_no_table_points_to_one_above_it(app: str) -> None:
    against = {
        f"{model.__name__}.{field.name} points to {field.related_model}"
        for model in apps.get_app_config(app).get_models()
        for field in (*model._meta.fields, *model._meta.many_to_many)
        if field.related_model is not None and not isinstance(field.related_model, str)
        for target in [field.related_model._meta.app_label]
        if target in APPS and target not in MAY_IMPORT[app] | {app}
    }
    assert not against


def test_every_package_of_ours_is_named_here() -> None:
    found = {init.parent.name for init in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert found == set(MAY_IMPORT)


def test_it_sees_an_import_inside_a_function(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("def late():\n    from campaigns.models import Send\n    import contacts.phones\n")
    assert set(imports(module)) == {"campaigns", "contacts"}

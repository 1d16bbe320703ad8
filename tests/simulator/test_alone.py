"""It shares no code with what it is there to test."""

import ast
import sys
from pathlib import Path

import simulator

PACKAGE = Path(simulator.__file__).parent


def imported(module: Path) -> set[str]:
    """The packages that a module names at any depth."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(node.module or "")
    return {name.partition(".")[0] for name in found}


def test_it_imports_the_standard_library_and_itself_alone() -> None:
    modules = list(PACKAGE.rglob("*.py"))
    assert len(modules) > 5
    foreign = {module.name: imported(module) - sys.stdlib_module_names - {"simulator"} for module in modules}
    assert not {name: names for name, names in foreign.items() if names}

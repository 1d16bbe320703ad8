"""The set-up from a clean checkout: what is missing is a sentence, locks name no host, variables are documented."""

import ast
import importlib.util
import os
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-uv.txt")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==\S+")


def name_of(requirement: str) -> str:
    """The name of a requirement, as the locks write it."""
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


class TestBootstrap:
    @pytest.fixture
    def checkout(self, tmp_path: Path) -> Path:
        """A checkout with requirements and a `.venv` whose python writes down how it was called."""
        for lock in LOCKS:
            (tmp_path / lock).write_text(f"# {lock}\n")
        python = tmp_path / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text('#!/bin/sh\necho "$*" >> calls\ncase "$*" in $REFUSED) exit 1;; esac\n')
        python.chmod(0o755)
        return tmp_path

    @pytest.fixture
    def bootstrap(self, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
        """`scripts/bootstrap.py` as a module that works on that checkout."""
        spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "scripts" / "bootstrap.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(module, "ROOT", str(checkout))
        monkeypatch.setattr(module, "VENV", str(checkout / ".venv"))
        monkeypatch.setattr(module, "PYTHON", str(checkout / ".venv" / "bin" / "python"))
        monkeypatch.setattr(sys, "argv", ["bootstrap.py"])
        monkeypatch.setenv("REFUSED", "nothing")
        return module

    def calls(self, checkout: Path) -> list[str]:
        written = checkout / "calls"
        return written.read_text().splitlines() if written.exists() else []

    def test_any_python_3_can_read_it(self) -> None:
        ast.parse((ROOT / "scripts" / "bootstrap.py").read_text(), feature_version=(3, 6))

    def test_a_python_that_is_too_old_is_told_so(
        self, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "version_info", (3, 9, 2))
        self.refused(bootstrap)
        assert "Python 3.11 or later is needed; this is 3.9." in capsys.readouterr().err

    @pytest.mark.parametrize("module", ["venv", "ensurepip"])
    def test_a_missing_venv_module_is_named_with_its_package(
        self,
        bootstrap: ModuleType,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        module: str,
    ) -> None:
        monkeypatch.setitem(sys.modules, module, None)
        self.refused(bootstrap)
        assert "apt-get install python3-venv" in capsys.readouterr().err

    def test_a_folder_that_is_not_ours_is_named(
        self, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(bootstrap, "ROOT", "/proc/1/nowhere")
        self.refused(bootstrap)
        assert "/proc/1/nowhere cannot be written to" in capsys.readouterr().err

    def test_it_installs_with_uv_and_only_once(self, bootstrap: ModuleType, checkout: Path) -> None:
        bootstrap.main()
        first = self.calls(checkout)
        bootstrap.main()

        assert any(
            "-m uv pip install" in call and call.endswith("--require-hashes -r requirements.txt") for call in first
        )
        assert self.calls(checkout) == first

    def test_changed_requirements_are_installed(self, bootstrap: ModuleType, checkout: Path) -> None:
        bootstrap.main()
        before = len(self.calls(checkout))
        (checkout / "requirements.txt").write_text("# other\n")
        bootstrap.main()
        assert len(self.calls(checkout)) > before

    def test_the_tools_of_the_tests_come_only_when_asked_for(
        self, bootstrap: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["bootstrap.py", "--dev"])
        bootstrap.main()
        assert self.calls(checkout)[-1].endswith("-r requirements-dev.txt")

    @pytest.mark.parametrize("refused", ["*requirements-uv.txt", "*uv?pip*"])
    def test_pip_does_it_alone_where_uv_cannot(
        self, bootstrap: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch, refused: str
    ) -> None:
        monkeypatch.setenv("REFUSED", refused)
        bootstrap.main()
        assert re.fullmatch(r"-m pip install .*--require-hashes -r requirements\.txt", self.calls(checkout)[-1])

    def test_packages_out_of_reach_are_a_sentence_and_leave_no_stamp(
        self, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("REFUSED", "*install*")
        self.refused(bootstrap)
        assert "The packages could not be installed." in capsys.readouterr().err
        self.refused(bootstrap)

    def refused(self, bootstrap: ModuleType) -> None:
        with pytest.raises(SystemExit) as end:
            bootstrap.main()
        assert end.value.code == 2


@pytest.mark.parametrize("lock", LOCKS)
class TestLocks:
    def test_it_names_no_host(self, lock: str) -> None:
        text = (ROOT / lock).read_text()
        assert "://" not in text
        options = re.findall(r"^\s*(-[-\w]*)", text, re.MULTILINE)
        assert set(options) == {"--hash"}

    def test_every_pin_has_a_hash(self, lock: str) -> None:
        entries = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text().strip())
        assert entries
        assert [entry for entry in entries if not PIN.match(entry) or "--hash=sha256:" not in entry] == []


class TestRequirements:
    def pinned(self, lock: str) -> set[str]:
        return {match[1] for line in (ROOT / lock).read_text().splitlines() if (match := PIN.match(line))}

    def project(self) -> tuple[set[str], set[str]]:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        extra = project["optional-dependencies"]["dev"]
        return {name_of(one) for one in project["dependencies"]}, {name_of(one) for one in extra}

    def test_what_the_product_needs_is_pinned(self) -> None:
        needed, _ = self.project()
        assert needed <= self.pinned("requirements.txt")

    def test_what_the_tests_need_is_pinned_apart(self) -> None:
        needed, tools = self.project()
        assert needed | tools <= self.pinned("requirements-dev.txt")
        assert not tools & self.pinned("requirements.txt")

    def test_both_locks_hold_the_same_versions(self) -> None:
        product, tests = (
            {line.split()[0] for line in (ROOT / lock).read_text().splitlines() if PIN.match(line)}
            for lock in LOCKS[:2]
        )
        assert product <= tests


class TestEnvironment:
    def read(self) -> set[str]:
        """What the settings read."""
        tree = ast.parse((ROOT / "revmo_campaigns" / "settings.py").read_text())
        return {
            node.args[0].value
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "env"
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        }

    def example(self) -> list[str]:
        return (ROOT / ".env.example").read_text().splitlines()

    def test_the_example_names_every_variable_once_and_no_other(self) -> None:
        named = [line[1:].partition("=")[0] for line in self.example() if re.match(r"#[A-Z_]+=", line)]
        assert sorted(named) == sorted(self.read())

    def test_every_variable_has_a_comment_above_it(self) -> None:
        explained = False
        for line in self.example():
            if re.match(r"#[A-Z_]+=", line):
                assert explained, line
            else:
                explained = line.startswith("# ") and not line.startswith("# ---")

    def test_the_example_as_it_stands_changes_nothing(self) -> None:
        assert [line for line in self.example() if line and not line.startswith("#")] == []


def test_ci_runs_what_people_run() -> None:
    run = ROOT / ".ci" / "run"
    assert os.access(run, os.X_OK)
    assert "CI=true make test" in run.read_text()

"""Editors with the settings that docs/editors.md gives: a finding is drawn at its place, moves, and goes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from documents import DOCS, fence, fences
from doors import environment
from language_server import Message, serving

BOOT = """\
from contextlib import asynccontextmanager


@asynccontextmanager
async def lifespan(app):
    app.state.event_bus = object()
    yield
"""
MAIN = """\
from fastapi import FastAPI, Request

from shop.boot import lifespan

app = FastAPI(lifespan=lifespan)


@app.get("/events")
async def events(request: Request):
    return "ä", request.app.state.bus
"""
CODE = "E7802"
LINE, COLUMN = 10, 16

ONLY_OURS = """\
[tool.pylint.main]
disable = "all"
enable = ["appstate-never-initialized"]
"""
"""What keeps pylint's own checks, which read the frameworks, from taking seconds."""

PAGE = "editors.md"
PYLSP = json.loads(fence(PAGE, "pylsp", "json"))
"""The settings that the page gives for the server."""


class Place(NamedTuple):
    """Where a finding is drawn: 1-based line, 0-based column."""

    line: int
    column: int


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with one fault."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "pyproject.toml").write_text(ONLY_OURS)
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "boot.py").write_text(BOOT)
    (tmp_path / "shop" / "main.py").write_text(MAIN, encoding="utf-8")
    return tmp_path.resolve()


# --- pylsp ----------------------------------------------------------------------------------------------------------


def drawn(diagnostics: Sequence[Message]) -> list[Place]:
    """Return where the server draws the finding."""
    places = [Place(each["range"]["start"]["line"] + 1, each["range"]["start"]["character"]) for each in diagnostics]
    assert {each["code"] for each in diagnostics} <= {CODE}
    return places


def test_pylsp_draws_a_finding_moves_it_and_takes_it_away(shop: Path) -> None:
    main = shop / "shop" / "main.py"
    with serving([sys.executable, "-m", "pylsp"], shop, PYLSP, environment()) as server:
        server.open(main, MAIN)
        assert drawn(server.diagnostics(main)) == [Place(LINE, COLUMN)]
        server.change(main, "# moved\n" + MAIN.replace('"ä", ', ""))
        assert drawn(server.diagnostics(main)) == [Place(LINE + 1, COLUMN - 5)]
        (shop / "shop" / "boot.py").write_text(BOOT.replace("event_bus", "bus"))
        server.save(main)
        assert drawn(server.diagnostics(main)) == []


def test_pylsp_without_an_executable_lints_what_is_saved(shop: Path) -> None:
    main = shop / "shop" / "main.py"
    settings = {"pylsp": {"plugins": {"pylint": {**PYLSP["pylsp"]["plugins"]["pylint"], "executable": None}}}}
    with serving([sys.executable, "-m", "pylsp"], shop, settings, environment()) as server:
        server.open(main, MAIN)
        assert drawn(server.diagnostics(main)) == [Place(LINE, COLUMN)]
        main.write_text("# moved\n" + MAIN, encoding="utf-8")
        server.change(main, "# moved\n" + MAIN)
        assert drawn(server.diagnostics(main)) == [Place(LINE, COLUMN)]
        server.save(main)
        assert drawn(server.diagnostics(main)) == [Place(LINE + 1, COLUMN)]


# --- what editors that cannot be run here ask of pylint ---------------------------------------------------------------


def asked(command: Sequence[str], shop: Path, text: str | None = None) -> Any:
    """Run pylint as an editor does, in the folder of the project, and return its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "pylint", *command],
        cwd=shop,
        env=environment(),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        encoding="utf-8",
    )
    return json.loads(done.stdout)


def test_vs_code_gets_a_finding_with_its_end(shop: Path) -> None:
    """Call: the server of its extension for pylint, release 2026.7."""
    settings = json.loads(fence(PAGE, "VS Code", "json"))
    options = ["--reports=n", "--output-format=json2", *settings["pylint.args"], "--clear-cache-post-run=y"]
    main = str(shop / "shop" / "main.py")
    (message,) = asked([*options, "--from-stdin", main], shop, "# unsaved\n" + MAIN)["messages"]
    assert (message["path"], message["line"], message["column"]) == ("shop/main.py", LINE + 1, COLUMN)
    assert (message["endLine"], message["endColumn"]) == (LINE + 1, COLUMN + len("request.app.state.bus"))


def test_pycharm_gets_a_finding_in_its_copy(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Call: its plugin for pylint, which names the copy by a number of three digits."""
    copy = tmp_path_factory.mktemp("pycharm") / "csi-001" / "shop" / "main.py"
    copy.parent.mkdir(parents=True)
    copy.write_text("# unsaved\n" + MAIN, encoding="utf-8")
    arguments = re.search(r"\| Arguments \| `([^`]*)` \|", (DOCS / PAGE).read_text(encoding="utf-8"))
    assert arguments
    (message,) = asked(["-f", "json", *arguments[1].split(), str(copy)], shop)
    assert Path(message["path"]).samefile(copy)
    assert (message["message-id"], message["line"], message["column"]) == (CODE, LINE + 1, COLUMN)


# --- editors, where they are installed ------------------------------------------------------------------------------


def run(command: Sequence[str], shop: Path) -> Any:
    """Run an editor in ``shop``, without a terminal, and return what its script wrote to ``seen.json``."""
    done = subprocess.run(
        command,
        cwd=shop,
        env={**environment(), "HOME": str(shop), "XDG_CONFIG_HOME": str(shop), "XDG_STATE_HOME": str(shop)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        errors="replace",
    )
    seen = shop / "seen.json"
    assert seen.is_file(), (done.stdout + done.stderr)[-1000:]
    return json.loads(seen.read_text(encoding="utf-8"))


NEOVIM = """
local seen = {}

local function look(condition)
  local places = {}
  vim.wait(20000, function()
    places = {}
    for _, each in ipairs(vim.diagnostic.get(0)) do
      if each.code == "E7802" then table.insert(places, { each.lnum + 1, each.col }) end
    end
    return condition(places)
  end, 100)
  table.insert(seen, places)
end

look(function(places) return #places == 1 end)
vim.api.nvim_buf_set_lines(0, 0, 0, false, { "# moved" })
look(function(places) return #places == 1 and places[1][1] == 11 end)
local boot = vim.fn.readfile("shop/boot.py")
for number, line in ipairs(boot) do boot[number] = line:gsub("event_bus", "bus") end
vim.fn.writefile(boot, "shop/boot.py")
vim.cmd("write")
look(function(places) return #places == 0 end)
vim.fn.writefile({ vim.json.encode(seen) }, "seen.json")
vim.cmd("qall!")
"""


def neovim() -> str:
    """Return the program; skips where it is missing or too old."""
    program = shutil.which("nvim")
    if program is None:
        pytest.skip("neovim is not installed")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60).stdout
    version = re.search(r"v(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < (0, 8):
        pytest.skip("neovim before 0.8 has no vim.lsp.start")
    return program


def test_neovim_draws_a_finding_moves_it_and_takes_it_away(shop: Path) -> None:
    program = neovim()
    (shop / "init.lua").write_text(fence(PAGE, "Neovim", "lua"))
    (shop / "drive.lua").write_text(NEOVIM)
    seen = run([program, "--headless", "--clean", "-u", "init.lua", "shop/main.py", "-S", "drive.lua"], shop)
    byte = COLUMN + 1  # neovim counts bytes
    assert seen[:2] == [[[LINE, byte]], [[LINE + 1, byte]]]
    assert not seen[2]


ALE_FOLDER = Path("/usr/share/vim-ale")
ALE = """
for i in range(200)
  sleep 100m
  if len(ale#engine#GetLoclist(bufnr(''))) && !ale#engine#IsCheckingBuffer(bufnr(''))
    break
  endif
endfor
call writefile([json_encode(ale#engine#GetLoclist(bufnr('')))], 'seen.json')
qall!
"""


@pytest.mark.skipif(shutil.which("vim") is None or not ALE_FOLDER.is_dir(), reason="vim or ALE is not installed")
def test_ale_draws_a_finding(shop: Path) -> None:
    settings = fence(PAGE, "Vim, with ALE", "vim")
    (shop / "vimrc").write_text(
        f"set nocompatible encoding=utf-8\nfiletype plugin on\nset rtp+={ALE_FOLDER}\n{settings}"
    )
    (shop / "drive.vim").write_text(ALE)
    script = ["-S", "drive.vim", "--not-a-term", "-T", "dumb", "-i", "NONE", "-n", "-N"]
    seen = run(["vim", "-u", "vimrc", *script, "shop/main.py"], shop)
    places = [Place(each["lnum"], each["col"] - 1) for each in seen if each["code"] == "appstate-never-initialized"]
    assert places == [Place(LINE, COLUMN)]


EGLOT = """
(find-file "shop/main.py")
(call-interactively 'eglot)
(let ((rounds 0))
  (while (and (< rounds 200) (null (flymake-diagnostics)))
    (accept-process-output nil 0.1)
    (setq rounds (1+ rounds))))
(defun place (each)
  (goto-char (flymake-diagnostic-beg each))
  (vector (line-number-at-pos) (current-column) (flymake-diagnostic-text each)))
(write-region (json-serialize (vconcat (mapcar #'place (flymake-diagnostics)))) nil "../seen.json")
"""
FLYCHECK = """
(find-file "shop/main.py")
(flycheck-mode 1)
(flycheck-select-checker 'python-pylint)
(flycheck-buffer)
(let ((rounds 0))
  (while (and (< rounds 200) (flycheck-running-p))
    (accept-process-output nil 0.1)
    (setq rounds (1+ rounds))))
(defun place (each)
  (vector (flycheck-error-line each) (1- (flycheck-error-column each)) (flycheck-error-id each)))
(write-region (json-serialize (vconcat (mapcar #'place flycheck-current-errors))) nil "../seen.json")
"""


def emacs(package: str) -> list[str]:
    """Return the command; skips where the program or its ``package`` is missing."""
    command = ["emacs", "--batch", "-q", "--eval", "(package-initialize)"]
    if shutil.which("emacs") is None:
        pytest.skip("emacs is not installed")
    if subprocess.run([*command, "--eval", f"(require '{package})"], capture_output=True, timeout=60).returncode:
        pytest.skip(f"{package} is not installed")
    return command


@pytest.mark.parametrize(("package", "which", "script"), [("eglot", 0, EGLOT), ("flycheck", 1, FLYCHECK)])
def test_emacs_draws_a_finding(shop: Path, package: str, which: int, script: str) -> None:
    command = emacs(package)
    if package == "flycheck":
        loading = fence(PAGE, "What holds everywhere", "toml")
        (shop / "pyproject.toml").write_text(ONLY_OURS.replace("[tool.pylint.main]\n", loading))
    (shop / "init.el").write_text(fences(PAGE, "Emacs", "elisp")[which])
    (shop / "drive.el").write_text(script)
    (shop / ".git").mkdir()
    seen = run([*command, "-l", "init.el", "-l", "drive.el"], shop)
    ours = [Place(line, column) for line, column, text in seen if CODE in text or "appstate-never" in text]
    assert ours == [Place(LINE, COLUMN)]

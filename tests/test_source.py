"""Which files a project has, what they are called and what they say."""

from __future__ import annotations

import ast
import os
import random
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from appstate_lint.source import (
    SourceFile,
    Unreadable,
    alone,
    decode,
    discover,
    explore,
    find_root,
    read_bytes,
    repository_root,
)
from appstate_lint.source.ignoring import compile_rules


def write(root: Path, files: dict[str, str] | list[str]) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name] if isinstance(files, dict) else "")
    return root


def paths(root: Path, exclude: tuple[str, ...] = ()) -> list[str]:
    return [file.path for file in discover(root, exclude)]


# Roots


@pytest.mark.parametrize(
    ("files", "start", "root"),
    [
        (["pyproject.toml", "a/b/x.py"], "a/b/x.py", "."),
        (["appstate-lint.toml", "a/b/x.py"], "a/b", "."),
        ([".git/HEAD", "a/b/x.py"], "a/b/x.py", "."),
        ([".git", "a/x.py"], "a/x.py", "."),
        ([".hg/x", "a/x.py"], "a/x.py", "."),
        ([".svn/x", "a/x.py"], "a/x.py", "."),
        ([".git/HEAD", "a/pyproject.toml", "a/b/x.py"], "a/b/x.py", "a"),
        (["pyproject.toml", "a/.git/HEAD", "a/b/x.py"], "a/b/x.py", "a"),
        (["pyproject.toml/x", "a/x.py"], "a/x.py", "a"),
        (["a/b/x.py"], "a/b/x.py", "a/b"),
        (["a/b/x.py"], "a/b", "a/b"),
        (["a/b/x.py"], "a/b/not-there.py", "a/b"),
    ],
)
def test_find_root(tmp_path: Path, files: list[str], start: str, root: str) -> None:
    write(tmp_path, files)
    assert find_root(tmp_path / start) == tmp_path / root


def test_repository_root(tmp_path: Path) -> None:
    write(tmp_path, [".git/HEAD", "a/pyproject.toml", "a/x.py"])
    assert repository_root(tmp_path / "a/x.py") == tmp_path


@pytest.mark.parametrize("name", ["x.py", "[x] *?.py", "!x.py", "#x.py", " x .py", "x\\.py"])
def test_a_file_outside_any_project_is_alone(tmp_path: Path, name: str) -> None:
    write(tmp_path, ["a/" + name, "a/y.py", "a/b/" + name])
    file = tmp_path / "a" / name
    assert paths(find_root(file), alone(file)) == [name]


def test_a_file_of_a_project_is_not_alone(tmp_path: Path) -> None:
    write(tmp_path, ["a/x.py"])
    assert alone(tmp_path / "a") == ()
    assert alone(tmp_path / "a" / "x.py") != ()
    (tmp_path / "pyproject.toml").touch()
    assert alone(tmp_path / "a" / "x.py") == ()


# Which files


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["a.py", "b.pyi", "c.txt", "d.PY", ".py", ".hidden.py", "e/f.py"], [".hidden.py", "a.py", "e/f.py"]),
        ([".git/a.py", ".hg/a.py", ".svn/a.py", "x.py"], ["x.py"]),
        (["__pycache__/a.py", ".mypy_cache/a.py", ".tox/a.py", ".nox/a.py", "node_modules/a.py", "x.py"], ["x.py"]),
        (["lib/site-packages/a.py", "shop.egg-info/a.py", ".eggs/a.py", "x.py"], ["x.py"]),
        (["build/a.py", "dist/b.py"], ["build/a.py", "dist/b.py"]),
        (["py/pyvenv.cfg", "py/lib/a.py", "conda/conda-meta/x", "conda/a.py", "x.py"], ["x.py"]),
        (["venv/bin/python", "venv/a.py", ".venv/Scripts/python.exe", ".venv/a.py", "x.py"], ["x.py"]),
        (["env/settings.py", "venv/x.py"], ["env/settings.py", "venv/x.py"]),
        (["bin/python", "a.py"], ["a.py"]),
        (["pyvenv.cfg", "a.py"], ["a.py"]),
    ],
)
def test_left_out(tmp_path: Path, files: list[str], found: list[str]) -> None:
    assert paths(write(tmp_path, files)) == found


@pytest.mark.parametrize(
    ("exclude", "found"),
    [
        (("migrations/**",), ["a.py", "x/migrations/b.py"]),
        (("migrations",), ["a.py"]),
        (("/migrations/",), ["a.py", "x/migrations/b.py"]),
        (("*.py",), []),
        (("*.py", "!a.py"), ["a.py"]),
        (("**/b.py",), ["a.py", "migrations/c.py"]),
        (("# a.py",), ["a.py", "migrations/b.py", "migrations/c.py", "x/migrations/b.py"]),
    ],
)
def test_exclude(tmp_path: Path, exclude: tuple[str, ...], found: list[str]) -> None:
    write(tmp_path, ["a.py", "migrations/b.py", "migrations/c.py", "x/migrations/b.py"])
    assert paths(tmp_path, exclude) == found


@pytest.mark.parametrize(
    ("unsaved", "found"),
    [
        ("b.py", ["a.py", "b.py", "p/__init__.py"]),
        ("p/b.py", ["a.py", "p/__init__.py", "p/b.py"]),
        ("p/c.py", ["a.py", "p/__init__.py"]),
        ("a.py", ["a.py", "p/__init__.py"]),
        ("b.txt", ["a.py", "p/__init__.py"]),
        ("nowhere/b.py", ["a.py", "p/__init__.py"]),
        (".git/b.py", ["a.py", "p/__init__.py"]),
        ("../b.py", ["a.py", "p/__init__.py"]),
    ],
)
def test_files_that_only_an_editor_has(tmp_path: Path, unsaved: str, found: list[str]) -> None:
    write(tmp_path, [".git/HEAD", "a.py", "p/__init__.py"])
    files = discover(tmp_path, exclude=["c.py"], unsaved=[unsaved])
    assert [file.path for file in files] == found
    assert all(file.module == "p.b" for file in files if file.path == "p/b.py")


def test_exclude_wins_over_gitignore(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "!a.py", "a.py": ""})
    assert paths(tmp_path, ("a.py",)) == []


def test_gitignore_counts_without_a_repository(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "b/\n", "a.py": "", "b/c.py": ""})
    assert paths(tmp_path) == ["a.py"]


def test_ignore_files_from_above(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".git/info/exclude": "secret.py\n/svc/a/local.py",
            ".gitignore": "generated/\n/svc/a/one.py\ntwo.py\n",
            "svc/.gitignore": "!two.py\nthree.py",
            "svc/a/pyproject.toml": "",
        },
    )
    names = ["one.py", "two.py", "three.py", "secret.py", "local.py", "generated/x.py", "four.py"]
    write(tmp_path / "svc/a", names)
    assert paths(tmp_path / "svc/a") == ["four.py", "two.py"]


def test_ignore_files_above_the_repository_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "x.py", "repo/.git/HEAD": "", "repo/svc/x.py": ""})
    assert paths(tmp_path / "repo/svc") == ["x.py"]


def test_brackets_do_not_match_slashes() -> None:
    rules = compile_rules(["/a[+-9]b.py", "/a[!x]c.py"])
    assert rules.file("a1b.py", "a1b.py")
    assert rules.file("b.py", "a/b.py") is None
    assert rules.file("c.py", "a/c.py") is None


def test_exclude_file_of_a_work_tree(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path / "main", check=True, capture_output=True)

    (tmp_path / "main").mkdir()
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "x")
    git("worktree", "add", "-q", "../other")
    (tmp_path / "main/.git/info/exclude").write_text("secret.py\n")
    assert paths(write(tmp_path / "other", ["secret.py", "x.py"])) == ["x.py"]


def test_odd_ignore_files(tmp_path: Path) -> None:
    write(tmp_path, ["a/x.py", "b/x.py", "c/x.py", "c/y.py", "a/.gitignore/z.py"])
    os.mkfifo(tmp_path / "b/.gitignore")
    (tmp_path / "c/.gitignore").write_bytes(b"\xef\xbb\xbfx.py\r\n\xff\xfe[\n")
    assert paths(tmp_path) == ["a/.gitignore/z.py", "a/x.py", "b/x.py", "c/y.py"]


WORDS = ["a", "b", "ab", "build", "lib", "foo bar", "x-1", "[z]", "data"]
FILES = ["x.py", "a.py", "ab.py", "y1.py", "x-1.py", "b.py"]
PATTERNS = """a|b/|/a|!a|*.py|!x.py|a/b|a/**|**/b|a/**/x.py|*b|?b|[ab]|[!a]b|x.p[xyz]|!ab/|/*|!/lib|lib/*|!lib/x.py
foo\\ bar|foo bar/  |\\[z\\]|**/lib/**|a/*/x.py|*a*.py|***/b|b/**/|#a|\\!a|*/|x*-*|[a-c]/x.py|[[:alpha:]]b|[]-a]b|a\\
[a-|**|!**/|!*/|**.py|a**b/x.py|/**/x.py|[^b]|[z-a]|*1*.p*|a/|/|//a|[\\a]b|[[:x:]a]""".replace("\n", "|").split("|")


def grow(rng: random.Random, directory: Path, depth: int) -> None:
    """Fill ``directory`` with files, directories and .gitignore files."""
    directory.mkdir(exist_ok=True)
    for name in rng.sample(FILES, 3):
        (directory / name).touch()
    if rng.random() < 0.5:
        end = rng.choice(["\n", "\r\n"])
        (directory / ".gitignore").write_bytes(end.join(rng.sample(PATTERNS, rng.randint(1, 4))).encode())
    for name in rng.sample(WORDS, rng.randint(1, 3)) if depth else ():
        grow(rng, directory / name, depth - 1)


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
@pytest.mark.parametrize("seed", range(25))
def test_ignores_what_git_ignores(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    grow(rng, tmp_path, 3)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".git/info/exclude").write_text(rng.choice(PATTERNS) + "\n")
    command = ["git", "-c", "core.excludesFile=", "ls-files", "-o", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split("\0")
    assert paths(tmp_path) == sorted(path for path in listed if path.endswith(".py"))


def test_hostile_patterns_take_no_time() -> None:
    rules = compile_rules(["*a" * 60 + "*b.py", "[" * 1000, "*" * 1000 + "c.py", "\\" * 1001, "*?" * 60 + "z.py"])
    assert not rules.file("a" * 250 + ".py", "a" * 250 + ".py")
    assert rules.file("abc.py", "abc.py")


# Odd things on the disk


def test_only_regular_files(tmp_path: Path) -> None:
    write(tmp_path, ["a.py", "folder.py/b.py"])
    os.mkfifo(tmp_path / "fifo.py")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.py"))
    (tmp_path / "null.py").symlink_to("/dev/null")
    (tmp_path / "pipe.py").symlink_to("fifo.py")
    (tmp_path / "dangling.py").symlink_to("nowhere.py")
    (tmp_path / "itself.py").symlink_to("itself.py")
    assert paths(tmp_path) == ["a.py", "folder.py/b.py"]
    for name in ("fifo.py", "socket.py", "null.py", "pipe.py", "folder.py", "dangling.py", "itself.py", "a\0.py"):
        with pytest.raises(Unreadable) as caught:
            read_bytes(tmp_path, name)
        assert str(caught.value)


def test_links_to_files_count_once(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(tmp_path, ["root/z.py", "root/.git/HEAD", "out.py"])
    (root / "a.py").symlink_to("z.py")
    (root / "b.py").symlink_to("../out.py")
    (root / "c.py").symlink_to("../out.py")
    assert paths(root) == ["b.py", "z.py"]


def test_links_to_directories(tmp_path: Path) -> None:
    write(tmp_path, [".git/HEAD", "svc/pyproject.toml", "svc/a/x.py", "common/y.py", "common/deep/z.py"])
    (tmp_path / "svc/loop").symlink_to(".")
    (tmp_path / "svc/a/up").symlink_to("../..")
    (tmp_path / "svc/again").symlink_to("a")
    (tmp_path / "svc/common").symlink_to("../common")
    (tmp_path / "svc/twice").symlink_to("../common/deep")
    (tmp_path / "common/back").symlink_to("../svc")
    assert paths(tmp_path / "svc") == ["a/x.py", "common/deep/z.py", "common/y.py"]


def test_links_out_of_the_repository_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, ["cache/x.py", "repo/.git/HEAD", "repo/a.py"])
    (tmp_path / "repo/bazel-out").symlink_to("../cache")
    (tmp_path / "repo/root").symlink_to("/")
    assert paths(tmp_path / "repo") == ["a.py"]


def test_ignored_links(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "link\nl.py", "svc/a.py": "", "hidden/node_modules/b.py": ""})
    (tmp_path / "link").symlink_to("hidden/node_modules")
    (tmp_path / "l.py").symlink_to("hidden/node_modules/b.py")
    (tmp_path / "m.py").symlink_to("hidden/node_modules/b.py")
    assert paths(tmp_path) == ["m.py", "svc/a.py"]


def test_names_that_are_no_text(tmp_path: Path) -> None:
    write(tmp_path, ["ä.py", "line\nend.py"])
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).touch()
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xfe"))
    folder.mkdir()
    (folder / "x.py").touch()
    assert paths(tmp_path) == ["line\nend.py", "ä.py"]


def test_what_is_not_there(tmp_path: Path) -> None:
    assert discover(tmp_path / "nothing") == ()
    write(tmp_path, ["x.py"])
    assert discover(tmp_path / "x.py") == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_directory_is_named(tmp_path: Path) -> None:
    write(tmp_path, ["a/x.py", "b/y.py"])
    (tmp_path / "a").chmod(0)
    assert paths(tmp_path) == ["b/y.py"]
    assert explore(tmp_path).unread == (("a", "Permission denied"),)
    (tmp_path / "a").chmod(0o700)


def test_deep_tree(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 1200)
    directory = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=directory)
        below = os.open("d", os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = below
    os.close(os.open("x.py", os.O_CREAT, dir_fd=directory))
    os.close(directory)
    assert paths(tmp_path) == [f"{deep}/x.py"]
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


# Names


@pytest.mark.parametrize(
    ("files", "modules"),
    [
        (["main.py"], ["main"]),
        (["pkg/__init__.py", "pkg/mod.py", "pkg/sub/__init__.py"], ["pkg", "pkg.mod", "pkg.sub"]),
        (["pkg/__init__.py", "pkg/__main__.py"], ["pkg", "pkg.__main__"]),
        (["ns/pkg/__init__.py", "ns/mod.py"], ["ns.mod", "pkg"]),
        (["a/b/c.py"], ["a.b.c"]),
        (["src/pkg/__init__.py", "src/ns/mod.py", "src/top.py"], ["ns.mod", "pkg", "top"]),
        (["services/x/src/pkg/mod.py"], ["pkg.mod"]),
        (["src/__init__.py", "src/app.py"], ["src", "src.app"]),
        (["svc/pyproject.toml", "svc/app/main.py"], ["app.main"]),
        (["svc/setup.py", "svc/app/main.py"], ["app.main", "setup"]),
        (["svc/setup.cfg", "svc/app/__init__.py", "svc/app/sub/x.py"], ["app", "app.sub.x"]),
        (["backend/app/__init__.py", "backend/app/main.py"], ["app", "app.main"]),
        (["backend/app/main.py"], ["backend.app.main"]),
        (["backend/app/__init__.py", "backend/app/api/routes.py"], ["app", "app.api.routes"]),
        (["bin/run-server.py", "2to3.py", "a.b.py"], ["2to3", "a.b", "bin.run-server"]),
        (["a/app/__init__.py", "b/app/__init__.py"], ["app", "app"]),
    ],
)
def test_module_names(tmp_path: Path, files: list[str], modules: list[str]) -> None:
    write(tmp_path, [*files, "pyproject.toml"])
    assert sorted(file.module for file in discover(tmp_path)) == modules


def test_root_that_is_a_package(tmp_path: Path) -> None:
    write(tmp_path, ["shop/__init__.py", "shop/api/__init__.py", "shop/api/routes.py", "shop/api/v1/__init__.py"])
    assert discover(tmp_path / "shop/api") == (
        SourceFile("__init__.py", "shop.api", is_package=True, is_test=False),
        SourceFile("routes.py", "shop.api.routes", is_package=False, is_test=False),
        SourceFile("v1/__init__.py", "shop.api.v1", is_package=True, is_test=False),
    )


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ((), ["conftest.py", "pkg/a_test.py", "pkg/test_a.py", "test/y.py", "x/tests/deep/y.py"]),
        (("testing/",), ["testing/y.py"]),
        (("x/tests/**", "contest.py"), ["contest.py", "x/tests/deep/y.py"]),
        (("*.py", "!pkg/"), ["conftest.py", "contest.py", "pkg/a_test.py", "pkg/test_a.py", "pkg/testa.py"]),
    ],
)
def test_test_code(tmp_path: Path, tests: tuple[str, ...], expected: list[str]) -> None:
    names = ["conftest.py", "contest.py", "pkg/a_test.py", "pkg/test_a.py", "pkg/testa.py", "test/y.py"]
    write(tmp_path, [*names, "testing/y.py", "x/tests/deep/y.py"])
    found = [file.path for file in discover(tmp_path, tests=tests) if file.is_test]
    assert [path for path in found if path in expected] == expected
    if "*.py" not in tests:
        assert found == expected


# Text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"x = 1", "x = 1"),
        ("ä = 1\n".encode(), "ä = 1\n"),
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n"),
        (b"\xef\xbb\xbf# coding: utf-8\nx\n", "# coding: utf-8\nx\n"),
        (b"a\r\nb\rc\n\rd", "a\nb\nc\n\nd"),
        (b"a\n\x0cb\x0b\x1c\n", "a\n\x0cb\x0b\x1c\n"),
        ("a\x85b\u2028c".encode(), "a\x85b\u2028c"),
        (b"# -*- coding: latin-1 -*-\n# \xe4\n", "# -*- coding: latin-1 -*-\n# ä\n"),
        (b"#!/x\r# vim: set fileencoding=cp1252 :\r# \x80\r", "#!/x\n# vim: set fileencoding=cp1252 :\n# €\n"),
        (b"\n\n# coding: latin-1\n# \xc3\xa4\n", "\n\n# coding: latin-1\n# ä\n"),
        (b"x = 1\n# coding: latin-1\n# \xc3\xa4\n", "x = 1\n# coding: latin-1\n# ä\n"),
        (b"# coding: shift_jis\nx = '\x83\x5c'\n", "# coding: shift_jis\nx = 'ソ'\n"),
        (b"# coding: unicode_escape\n\\rx\n", "# coding: unicode_escape\n\nx\n"),
    ],
)
def test_decode(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize(
    "data",
    [
        b"# coding: latin-1\r\nx = 1\r\n\r\ny = '\xe4'\r\n",
        b"x = 1\ry = 2\r\r\nz = '''\r\n\r'''\n",
        b"\xef\xbb\xbfx = 1\n\x0cy = 2\n",
    ],
)
def test_lines_are_those_of_the_compiler(data: bytes) -> None:
    ours, theirs = ast.parse(decode(data)), ast.parse(data)
    assert ast.dump(ours, include_attributes=True) == ast.dump(theirs, include_attributes=True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x = '\xff'", "line 1"),
        (b"\n\n\xe4", "line 3"),
        (b"# coding: nonsense\n", "nonsense"),
        (b"# coding: rot13\n", "rot13"),
        (b"# coding: hex\n", "hex"),
        (b"# coding: zlib\n", "zlib"),
        (b"# coding: base64\n", "base64"),
        (b"# coding: punycode\n", "punycode"),
        (b"# coding: idna\n", "idna"),
        (b"# coding: undefined\n", "undefined"),
        (b"# coding: ascii\n# \xe4", "ascii"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "cannot be decoded"),
        (b"# coding: utf-16\nx = 1\n", "cannot be decoded"),
        (b"x = 1\0\n", "null bytes"),
        (b"# coding: \xff\n", "cannot be decoded"),
        (b"# coding: aliases\n", "aliases"),
    ],
)
def test_unreadable_text(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(data)
    assert reason in str(caught.value)


def test_random_bytes_never_raise_anything_else() -> None:
    rng = random.Random(3)
    starts = [b"", b"\xef\xbb\xbf", b"# coding: utf-7\n", b"# coding: gb18030\n", b"# coding: iso2022_jp\n"]
    texts = 0
    for _ in range(2000):
        data = rng.choice(starts) + bytes(rng.choice(b"\r\n\xe4\xc3 a#=+-\x1b$") for _ in range(rng.randint(0, 12)))
        try:
            texts += "\r" not in decode(data)
        except Unreadable as error:
            assert str(error)
    assert texts > 200

#!/usr/bin/env python3
"""Holds the tree to its layout: check_layout.py [ROOT]

Every registered model has its files, test and page; folders are named by a concept and stand in docs/map.md; headers
are guarded; files are short; decisions are numbered; pages mention no file that is missing.
One line per violation, exit status 1 if there is any.
"""

import re
import sys
from pathlib import Path

LONGEST = 400  # lines of a file that people read
CODE = {".h", ".cpp", ".py", ".cmake", ".in"}
CODE_FOLDERS = ("script", ".ci")  # their files have no suffix
SKIPPED = {"build", "runs", ".git", ".cache", "Testing", "__pycache__"}
NO_CONCEPT = {"utils", "util", "common", "helpers", "misc"}
TOPS = ("src", "apps", "tests", "bench", "fuzz", "examples", "docs", "script", "tools", "cmake", ".ci", "kiln")
HISTORY = ("CHANGELOG.md", "docs/decisions/")  # speak of their own day, so they may name what is gone

ENTRY = re.compile(r'\bentry<\w+>\(\s*"([^"]+)"')
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
QUOTED = re.compile(r"`([^`\s]+/[^`\s]*)[^`\n]*`")
PLACEHOLDER = re.compile(r"[A-Z]{4}|[<$]|\.\.\.")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def files_of(root):
    """Every file of the project, as a path relative to its root."""
    for path in sorted(root.iterdir()):
        if path.name not in SKIPPED:
            yield from (p.relative_to(root) for p in ([path] if path.is_file() else walk(path)))


def walk(folder):
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield path
        elif path.name not in SKIPPED:
            yield from walk(path)


def check_models(root, files):
    """Each row of the registry has a header, a source, a test and a page, and each model's header has a row."""
    registry = root / "src/kiln/registry/models.cpp"
    if not registry.exists():
        return
    names = ENTRY.findall(registry.read_text(encoding="utf-8"))
    present = [path.as_posix() for path in files]
    if not names:
        yield f'{registry.relative_to(root)}: has no row entry<MODEL>("name"'
    for name in sorted(set(names)):
        if names.count(name) > 1:
            yield f"model '{name}' is registered twice"
        for place in ("src/kiln/models/*/{}.h", "src/kiln/models/*/{}.cpp", "tests/models/*/{}_test.cpp", "docs/models/{}.md"):
            pattern = re.escape(place.format(name)).replace(r"\*", "[a-z0-9_]+")
            if not any(re.fullmatch(pattern, path) for path in present):
                yield f"model '{name}' has no {place.format(name)}"
    for path in files:
        if path.match("src/kiln/models/*/*.h") and path.stem not in names:
            yield f"{path}: not registered in {registry.relative_to(root)}"


def check_names(files):
    for path in files:
        for part in (*path.parts[:-1], path.stem):
            if part in NO_CONCEPT:
                yield f"{path}: '{part}' names no concept"


def check_texts(root, files):
    for path in files:
        if not (path.suffix in CODE or path.name == "CMakeLists.txt" or path.parts[0] in CODE_FOLDERS):
            continue
        text = (root / path).read_text(encoding="utf-8", errors="replace")
        repeated = path.name.endswith("-inl.h")  # Highway includes these once per instruction set
        if path.suffix == ".h" and not repeated and "#pragma once\n" not in text:
            yield f"{path}: no #pragma once"
        if text.count("\n") > LONGEST:
            yield f"{path}: {text.count(chr(10))} lines, more than {LONGEST}"


def check_decisions(root, files):
    decisions = [path for path in files if path.parts[:2] == ("docs", "decisions")]
    for number, path in enumerate(decisions, start=1):
        if not re.fullmatch(rf"{number:04d}-[a-z0-9-]+\.md", path.name):
            yield f"{path}: decision {number} must be named {number:04d}-WORDS.md"
        elif not (root / path).read_text(encoding="utf-8").startswith(f"# {number}. "):
            yield f"{path}: must begin with '# {number}. '"


def check_map(root):
    page = root / "docs/map.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    source = root / "src/kiln"
    for folder in sorted(path for path in source.rglob("*") if path.is_dir()):
        name = folder.relative_to(root).as_posix() + "/"
        if f"`{name}`" not in text:
            yield f"docs/map.md: says nothing about {name}"


def exists(root, page, name):
    """Whether a path that `page` mentions is there; * and {a,b} may stand for parts of it."""
    pattern = re.sub(r"\{[^}]*\}", "*", name).rstrip("/")
    bases = [root, root / "src"] if page is None else [page.parent]
    return any(any(base.glob(pattern)) if "*" in pattern else (base / pattern).exists() for base in bases)


def check_mentions(root, files):
    for path in files:
        if path.suffix != ".md" or path.as_posix().startswith(HISTORY):
            continue
        text = FENCE.sub("", (root / path).read_text(encoding="utf-8"))
        for name in LINK.findall(text):
            if not re.match(r"[a-z]+:", name) and not exists(root, root / path, name):
                yield f"{path}: links to {name}, which is missing"
        for name in QUOTED.findall(text):
            name = re.sub(r":\d+$", "", name)
            if name.split("/")[0] in TOPS and not PLACEHOLDER.search(name) and not exists(root, None, name):
                yield f"{path}: mentions {name}, which is missing"


def check(root):
    root = Path(root)
    files = list(files_of(root))
    return [*check_models(root, files), *check_names(files), *check_texts(root, files),
            *check_decisions(root, files), *check_map(root), *check_mentions(root, files)]


if __name__ == "__main__":
    found = check(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    print("\n".join(found) if found else "check_layout: everything is in its place")
    sys.exit(1 if found else 0)

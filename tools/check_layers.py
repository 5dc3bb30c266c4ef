#!/usr/bin/env python3
"""Holds every #include to the order of layers: check_layers.py [ROOT]

One line per violation, exit status 1 if there is any.  docs/map.md says what each folder is for.
"""

import re
import sys
from pathlib import Path

# What the files of a folder may include besides their own folder's: folders of src/kiln, or the contract of models,
# which is what stands in src/kiln/models itself and not in a family's folder.
CONTRACT = "models/*.h"
ALLOWED = {
    "core": [],
    "kernels": ["core"],
    "prob": ["core"],
    "io": ["core"],
    "nn": ["core", "prob", "kernels"],
    "data": ["core", "io"],
    "graphical": ["core", "io", "data"],
    "models": ["core", "prob", "nn", "kernels", CONTRACT],
    "feed": ["core", "data", CONTRACT],
    "train": ["core", "kernels", "io", "data", "feed", CONTRACT],
    "metrics": ["core", "kernels", "prob", "nn", "io", "data", "feed", "train", CONTRACT],
    "check": ["core", "prob", "nn", "train", "metrics", CONTRACT],
    "theory": ["core", "prob", "io", "nn", "train", "metrics", CONTRACT, "models/tabular"],
    "registry": ["core", "data", "models"],
    "runs": ["core", "io", "nn", "data", "feed", "train", "metrics", "registry", CONTRACT],
    "use": ["core", "prob", "io", "nn", "data", "feed", "train", "metrics", "registry", "runs", CONTRACT],
}
ABOVE = ["apps", "examples", "bench", "fuzz", "tests"]  # may include all of src/kiln

UMBRELLA = "src/kiln/kiln.h"  # the public headers in one: stands above all of them

# kiln_base: what must build without LibTorch, and so must everything that it includes.
BASE_FOLDERS = ("io", "data", "graphical")
BASE_CORE = ("error", "optimizer_options", "options", "philox", "text", "values", "version")
BASE_FILES = ("metrics/metric_table", "prob/parameter_count", "prob/ordering", "prob/table", "prob/markov_chain", "prob/chain_messages", "prob/f_divergence",
              "prob/line_law", "registry/model_info", "theory/legendre", "theory/line_divergences", "theory/ordering_picture",
              "theory/parameter_table", "train/run_config", "train/run_folder", "train/schedule", "train/train_options", "use/requests")
# The program starts without LibTorch, which only its actions need.
PROGRAM, ACTIONS = "apps/kiln/", ("apps/kiln/actions/", "apps/kiln/write_model_table.cpp")
WHOLE_OF_TORCH = "torch/torch.h"
BASE_TEST = "// needs: base"

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
TORCH = re.compile(r"(torch|ATen|c10|caffe2)/")


class Tree:
    """The project's C++ files and what they include."""

    def __init__(self, root):
        self.includes = {}
        self.base_tests = set()
        for top in ["src", *ABOVE]:
            for path in sorted((root / top).rglob("*")):
                if path.suffix in (".h", ".cpp"):
                    text = path.read_text(encoding="utf-8")
                    file = path.relative_to(root).as_posix()
                    self.includes[file] = INCLUDE.findall(text)
                    if top == "tests" and text.startswith(BASE_TEST + "\n"):
                        self.base_tests.add(file)

    def way_to_torch(self, file, seen):
        """The chain of includes from `file` to LibTorch, or None."""
        seen.add(file)
        for _, name in self.includes.get(file, []):
            if TORCH.match(name):
                return [f"<{name}>"]
            target = name if name.startswith(PROGRAM) else "src/" + name
            if name.startswith(("kiln/", PROGRAM)) and target not in seen:
                way = self.way_to_torch(target, seen)
                if way:
                    return [name, *way]
        return None

    def must_avoid_torch(self, file):
        parts = Path(file).parts
        if parts[:2] == ("src", "kiln"):
            inside = Path(*parts[2:]).with_suffix("").as_posix()
            core = parts[2] == "core" and Path(file).stem in BASE_CORE
            return parts[2] in BASE_FOLDERS or core or inside in BASE_FILES
        if file.startswith(PROGRAM):
            return not file.startswith(ACTIONS)
        return file in self.base_tests


def may_include(file, name):
    """Whether `file` of src/kiln may include "kiln/..."."""
    folder = Path(file).parts[2]
    target = name.removeprefix("kiln/")
    if CONTRACT in ALLOWED[folder] and Path(target).parent.as_posix() == "models":
        return True
    if any(target.startswith(allowed + "/") for allowed in ALLOWED[folder]):
        return True
    if folder == "models":  # a model includes its own header and no other model's
        return "src/" + name == Path(file).with_suffix(".h").as_posix()
    return target.startswith(folder + "/")


def check_file(tree, file):
    parts = Path(file).parts
    inside = parts[0] == "src"
    if file == UMBRELLA:
        return []
    if inside and (len(parts) < 4 or parts[1] != "kiln" or parts[2] not in ALLOWED):
        return [f"{file}: not in a folder of src/kiln that has a layer"]
    violations = []
    for bracket, name in tree.includes[file]:
        if name == WHOLE_OF_TORCH:
            violations.append(f"{file}: <{name}> doubles the time of compiling; include the parts that are used")
        if name.startswith("kiln/"):
            if inside and bracket == "<":
                violations.append(f'{file}: write "{name}" in quotes')
            if "src/" + name not in tree.includes:
                violations.append(f"{file}: includes {name}, which does not exist")
            elif inside and not may_include(file, name):
                violations.append(f"{file}: {parts[2]} may not include {name}")
        elif inside and bracket == '"':
            violations.append(f'{file}: quotes are for "kiln/FOLDER/NAME.h", write <{name}>')
    if tree.must_avoid_torch(file):
        way = tree.way_to_torch(file, set())
        if way:
            violations.append(f"{file}: must not see LibTorch, but includes " + " -> ".join(way))
    return violations


def check(root):
    tree = Tree(Path(root))
    if not tree.includes:
        return [f"{root}: no C++ files here"]
    return [violation for file in tree.includes for violation in check_file(tree, file)]


if __name__ == "__main__":
    found = check(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    print("\n".join(found) if found else "check_layers: every include obeys the layers")
    sys.exit(1 if found else 0)

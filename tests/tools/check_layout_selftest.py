#!/usr/bin/env python3
"""Plants violations in a small tree and expects check_layout to name each of them, and nothing else."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import check_layout  # noqa: E402

FOLDERS = ("src/kiln/models/", "src/kiln/models/latent/", "src/kiln/registry/")
GOOD = {
    "src/kiln/registry/models.cpp": 'const Table table = {\n    entry<Vae>("vae", "arXiv:1312.6114"),\n};\n',
    "src/kiln/models/latent/vae.h": "#pragma once\n",
    "src/kiln/models/latent/vae.cpp": "",
    "tests/models/latent/vae_test.cpp": "",
    "src/kiln/registry/simd_math-inl.h": "#if defined(HWY_TARGET_TOGGLE)\n",
    "tests/golden/long.txt": "0\n" * 1000,
    "docs/models/vae.md": "See [the map](../map.md#models), `kiln/models/latent/vae.h:12`, `docs/models/*.md`,\n"
                          "`src/kiln/models/FOLDER/NAME.h` and `script/test fast`.\n```\n`src/gone.cpp`\n```\n",
    "docs/map.md": "".join(f"- `{folder}`: a sentence.\n" for folder in FOLDERS),
    "docs/decisions/0001-first.md": "# 1. First\n\nBefore, `src/gone.cpp` did this.\n",
    "docs/decisions/0002-second.md": "# 2. Second\n",
    "script/test": "",
    "build/utils/anything.h": "",
}


def violations(planted, without=()):
    """What is found in the good tree after some files were written over it and others left out."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**GOOD, **planted}.items():
            if name not in without:
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        return check_layout.check(folder)


class CheckLayout(unittest.TestCase):
    def expect(self, message, planted=None, without=()):
        found = violations(planted or {}, without)
        self.assertEqual(len(found), 1, found)
        self.assertIn(message, found[0])

    def test_a_tidy_tree_has_no_violation(self):
        self.assertEqual(violations({}), [])

    def test_a_model_needs_its_files_test_and_page(self):
        for name in ("src/kiln/models/latent/vae.h", "src/kiln/models/latent/vae.cpp",
                     "tests/models/latent/vae_test.cpp", "docs/models/vae.md"):
            found = violations({"docs/map.md": GOOD["docs/map.md"]}, without=(name,))
            self.assertTrue(any("model 'vae' has no" in line and Path(name).suffix in line for line in found), name)

    def test_a_model_is_registered_once(self):
        row = '    entry<Vae>("vae", ""),\n'
        self.expect("registered twice", {"src/kiln/registry/models.cpp": row + row})

    def test_a_model_that_is_not_registered_is_named(self):
        self.expect("latent/aae.h: not registered", {"src/kiln/models/latent/aae.h": "#pragma once\n"})

    def test_a_registry_that_cannot_be_read_is_not_taken_for_an_empty_one(self):
        found = violations({"src/kiln/registry/models.cpp": "row<Vae>(vae);\n"})
        self.assertIn("src/kiln/registry/models.cpp: has no row", found[0])

    def test_a_folder_or_file_is_named_by_a_concept(self):
        self.expect("'utils' names no concept", {"tests/utils/x.cpp": ""})
        self.expect("'common' names no concept", {"apps/common.cpp": ""})

    def test_a_header_is_guarded(self):
        self.expect("no #pragma once", {"src/kiln/models/model.h": "#ifndef MODEL_H\n"})

    def test_a_file_is_short(self):
        self.assertEqual(violations({"tests/x.cpp": "\n" * 400}), [])
        self.expect("401 lines", {"tests/x.cpp": "\n" * 401})
        self.expect("401 lines", {"script/test": "\n" * 401})

    def test_decisions_are_numbered_without_a_hole(self):
        self.expect("decision 3 must be named", {"docs/decisions/0004-late.md": "# 4. Late\n"})
        self.expect("decision 2 must be named", {"docs/decisions/0001-twice.md": "# 1. Twice\n"},
                    without=("docs/decisions/0002-second.md",))
        self.expect("must begin with '# 2. '", {"docs/decisions/0002-second.md": "# Second\n"})

    def test_the_map_names_every_folder(self):
        self.expect("says nothing about src/kiln/nn/", {"src/kiln/nn/linear.cpp": ""})

    def test_a_page_mentions_no_missing_file(self):
        self.expect("mentions src/kiln/gone.h", {"docs/x.md": "See `src/kiln/gone.h`.\n"})
        self.expect("mentions script/gone", {"README.md": "Run `script/gone all`.\n"})
        self.expect("mentions tests/gone/*_test.cpp", {"README.md": "See `tests/gone/*_test.cpp`.\n"})
        self.expect("links to gone.md", {"docs/x.md": "See [it](gone.md#there) and [this](https://example.org/x).\n"})


if __name__ == "__main__":
    unittest.main()

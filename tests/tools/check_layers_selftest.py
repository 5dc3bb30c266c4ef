#!/usr/bin/env python3
"""Plants violations in a small tree and expects check_layers to name each of them, and nothing else."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import check_layers  # noqa: E402

GOOD = {
    "src/kiln/core/error.h": "#pragma once\n#include <string>\n",
    "src/kiln/core/tensor.h": "#pragma once\n#include <torch/types.h>\n",
    "src/kiln/io/npy.h": '#pragma once\n#include "kiln/core/error.h"\n',
    "src/kiln/data/source.cpp": '#include "kiln/io/npy.h"\n',
    "src/kiln/models/model.h": '#pragma once\n#include "kiln/core/tensor.h"\n',
    "src/kiln/models/latent/vae.h": '#pragma once\n#include "kiln/models/model.h"\n',
    "src/kiln/models/request.h": '#pragma once\n#include "kiln/models/model.h"\n',
    "src/kiln/models/latent/vae.cpp": '#include "kiln/models/latent/vae.h"\n#include "kiln/models/request.h"\n',
    "src/kiln/models/tabular/joint.h": '#pragma once\n#include "kiln/models/model.h"\n',
    "src/kiln/train/trainer.cpp": '#include "kiln/models/model.h"\n#include "kiln/io/npy.h"\n',
    "src/kiln/theory/queries.cpp": '#include "kiln/models/tabular/joint.h"\n',
    "src/kiln/registry/models.cpp": '#include "kiln/models/latent/vae.h"\n',
    "apps/kiln/main.cpp": '#include "apps/kiln/command.h"\n#include "kiln/core/error.h"\n',
    "apps/kiln/command.h": "#pragma once\n",
    "apps/kiln/actions/train.cpp": '#include "apps/kiln/command.h"\n#include "kiln/models/model.h"\n',
    "src/kiln/registry/models.h": "#pragma once\n",
    "tests/io/npy_test.cpp": '// needs: base\n#include "kiln/io/npy.h"\n',
    "tests/core/tensor_test.cpp": '#include "kiln/core/tensor.h"\n',
}


def violations(planted):
    """What is found in the good tree after the planted files were written over it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**GOOD, **planted}.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return check_layers.check(folder)


class CheckLayers(unittest.TestCase):
    def expect(self, file, text, message, more=None):
        found = violations({file: text, **(more or {})})
        self.assertEqual(len(found), 1, found)
        self.assertIn(file, found[0])
        self.assertIn(message, found[0])

    def test_a_tree_that_obeys_has_no_violation(self):
        self.assertEqual(violations({}), [])

    def test_a_folder_without_code_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(len(check_layers.check(folder)), 1)

    def test_core_includes_nothing_above_it(self):
        self.expect("src/kiln/core/check.cpp", '#include "kiln/io/npy.h"\n', "core may not include")

    def test_a_model_does_not_include_another_model(self):
        self.expect("src/kiln/models/latent/aae.cpp", '#include "kiln/models/latent/vae.h"\n', "models may not include")

    def test_a_model_does_not_include_data(self):
        self.expect("src/kiln/models/latent/vae.cpp", '#include "kiln/io/npy.h"\n', "models may not include")

    def test_layers_do_not_know_what_a_model_is(self):
        self.expect("src/kiln/nn/linear.h", '#include "kiln/models/model.h"\n', "nn may not include")

    def test_the_trainer_knows_no_concrete_model(self):
        self.expect("src/kiln/train/ema.cpp", '#include "kiln/models/latent/vae.h"\n', "train may not include")

    def test_check_knows_no_tabular_model_though_theory_does(self):
        self.expect("src/kiln/check/causal.cpp", '#include "kiln/models/tabular/joint.h"\n', "check may not include")

    def test_the_library_does_not_include_the_program(self):
        self.expect("src/kiln/registry/models.cpp", '#include "apps/kiln/command.h"\n', "quotes are for")

    def test_the_library_spells_its_own_headers_in_quotes(self):
        self.expect("src/kiln/io/npy.h", "#include <kiln/core/error.h>\n", "in quotes")

    def test_what_reads_bytes_does_not_include_libtorch(self):
        self.expect("src/kiln/io/image.cpp", "#include <ATen/Tensor.h>\n", "must not see LibTorch")

    def test_what_reads_bytes_does_not_reach_libtorch_through_core(self):
        self.expect("src/kiln/data/loader.cpp", '#include "kiln/core/tensor.h"\n',
                    "kiln/core/tensor.h -> <torch/types.h>")

    def test_the_base_part_of_core_does_not_include_libtorch(self):
        self.expect("src/kiln/core/philox.cpp", "  #  include <torch/types.h>\n", "must not see LibTorch")

    def test_a_base_test_does_not_include_libtorch(self):
        self.expect("tests/io/npy_test.cpp", '// needs: base\n#include "kiln/core/tensor.h"\n', "must not see LibTorch")

    def test_the_program_does_not_include_libtorch(self):
        self.expect("apps/kiln/main.cpp", '#include "kiln/models/model.h"\n', "must not see LibTorch")

    def test_the_program_does_not_reach_libtorch_through_its_own_headers(self):
        self.expect("apps/kiln/command.h", '#pragma once\n#include "kiln/core/tensor.h"\n', "must not see LibTorch",
                    more={"apps/kiln/main.cpp": "#include <string>\n"})

    def test_the_whole_of_libtorch_is_included_nowhere(self):
        self.expect("tests/core/tensor_test.cpp", "#include <torch/torch.h>\n", "doubles the time")

    def test_a_header_that_is_missing_is_named(self):
        self.expect("tests/core/tensor_test.cpp", '#include "kiln/core/gone.h"\n', "does not exist")

    def test_a_new_folder_needs_a_layer(self):
        self.expect("src/kiln/extras/x.cpp", "", "has a layer")


if __name__ == "__main__":
    unittest.main()

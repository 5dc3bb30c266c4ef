#pragma once

#include "apps/kiln/bayesnet_answers.h"
#include "kiln/graphical/d_separation.h"
#include "kiln/graphical/g_test.h"

namespace kiln::program {

/// Separated or not, with a path that shows it.
Said say_separation(const Dag& dag, const SeparationQuery& query, const Separation& separation);

/// The test beside what the graph says.
Said say_g_test(const Dag& dag, const SeparationQuery& query, const GTest& test,
                const Separation& separation);

}  // namespace kiln::program

#pragma once

#include "apps/kiln/program.h"

namespace kiln::program {

// One function per file theory_TOPIC.cpp.  `topics.add` makes a subcommand of `kiln theory`.
void add_theory_bayesnet(const Program& topics);
void add_theory_conjugate(const Program& topics);
void add_theory_divergence(const Program& topics);
void add_theory_gan(const Program& topics);
void add_theory_ordering(const Program& topics);
void add_theory_params(const Program& topics);

}  // namespace kiln::program

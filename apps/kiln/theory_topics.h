#pragma once

#include "apps/kiln/program.h"

namespace kiln::program {

/// Refuses a picture's name that does not end in .svg; nothing to say of an empty one.
void check_picture_name(const std::string& out);
/// Writes it, making its folder.
void write_picture(const std::string& out, const std::string& svg);

// One function per file theory_TOPIC.cpp.  `topics.add` makes a subcommand of `kiln theory`.
void add_theory_bayesnet(const Program& topics);
void add_theory_conjugate(const Program& topics);
void add_theory_divergence(const Program& topics);
void add_theory_gan(const Program& topics);
void add_theory_ordering(const Program& topics);
void add_theory_params(const Program& topics);

}  // namespace kiln::program

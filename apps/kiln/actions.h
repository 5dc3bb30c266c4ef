#pragma once

#include "apps/kiln/arguments.h"
#include "apps/kiln/console.h"

namespace kiln::program {

/// What the commands do that takes tensors, each given what it was asked; the result is the exit
/// code.  LibTorch and some two hundred libraries behind it take half a second to load, so all of
/// this stands in a library of its own, and help, lists and refusals do without it.
struct Actions {
  int (*train)(const TrainArguments&, const Console&);
  int (*resume)(const ResumeArguments&, const Console&);
  int (*sample)(const SampleArguments&, const Console&);
  int (*eval)(const EvalArguments&, const Console&);
  int (*score)(const ScoreArguments&, const Console&);
  int (*reconstruct)(const ReconstructArguments&, const Console&);
  int (*complete)(const CompleteArguments&, const Console&);
  int (*interpolate)(const InterpolateArguments&, const Console&);
  int (*encode)(const EncodeArguments&, const Console&);
  int (*decode)(const DecodeArguments&, const Console&);
  int (*manifold)(const ManifoldArguments&, const Console&);
  int (*traverse)(const TraverseArguments&, const Console&);
  int (*arithmetic)(const ArithmeticArguments&, const Console&);
  int (*probe)(const ProbeArguments&, const Console&);
  int (*neighbours)(const NeighboursArguments&, const Console&);
  int (*film)(const FilmArguments&, const Console&);
  int (*report)(const ReportArguments&, const Console&);
  int (*check)(const CheckArguments&, const Console&);
  int (*translate)(const TranslateArguments&, const Console&);
  int (*data_get)(const DataGetArguments&, const Console&);
  int (*doctor)(const Console&);
  int (*line_critic)(const LineCriticArguments&, const Console&);
};

/// Loads kiln_actions.so, which lies beside the program or under its prefix in LIBDIR/kiln, on the
/// first call.  Throws IoError that names it when it cannot be loaded or is of another build.
const Actions& actions();

}  // namespace kiln::program

/// What kiln_actions.so exports; `interface` is a sum of the version and of the headers that the
/// program was built with, and null comes back for another.
extern "C" const kiln::program::Actions* kiln_actions(const char* interface);

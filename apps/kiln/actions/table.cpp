#include <cstring>

#include "apps/kiln/actions.h"

namespace kiln::program {

// One for each command, in the file of its name; resume stands in train.cpp.
int train(const TrainArguments&, const Console&);
int resume(const ResumeArguments&, const Console&);
int sample(const SampleArguments&, const Console&);
int evaluate(const EvalArguments&, const Console&);
int score(const ScoreArguments&, const Console&);
int reconstruct_items(const ReconstructArguments&, const Console&);
int complete(const CompleteArguments&, const Console&);
int interpolate(const InterpolateArguments&, const Console&);
int encode(const EncodeArguments&, const Console&);
int decode(const DecodeArguments&, const Console&);
int manifold(const ManifoldArguments&, const Console&);
int traverse(const TraverseArguments&, const Console&);
int arithmetic(const ArithmeticArguments&, const Console&);
int probe_codes(const ProbeArguments&, const Console&);
int find_neighbours(const NeighboursArguments&, const Console&);
int make_film(const FilmArguments&, const Console&);
int report(const ReportArguments&, const Console&);
int check(const CheckArguments&, const Console&);
int translate(const TranslateArguments&, const Console&);
int data_get(const DataGetArguments&, const Console&);
int examine(const Console&);
int line_critic(const LineCriticArguments&, const Console&);

namespace {

constexpr Actions kActions{
    .train = train,
    .resume = resume,
    .sample = sample,
    .eval = evaluate,
    .score = score,
    .reconstruct = reconstruct_items,
    .complete = complete,
    .interpolate = interpolate,
    .encode = encode,
    .decode = decode,
    .manifold = manifold,
    .traverse = traverse,
    .arithmetic = arithmetic,
    .probe = probe_codes,
    .neighbours = find_neighbours,
    .film = make_film,
    .report = report,
    .check = check,
    .translate = translate,
    .data_get = data_get,
    .doctor = examine,
    .line_critic = line_critic,
};

}  // namespace
}  // namespace kiln::program

const kiln::program::Actions* kiln_actions(const char* interface) {
  return std::strcmp(interface, KILN_INTERFACE) == 0 ? &kiln::program::kActions : nullptr;
}

#include <fmt/format.h>
#include <torch/torch.h>

#include "apps/kiln/program.h"
#include "kiln/core/threads.h"
#include "kiln/io/atomic_file.h"
#include "kiln/train/feed.h"

namespace kiln::program {
namespace {

struct ScoreArguments {
  RunArguments run;
  std::string data, split, out = "scores.csv";
  std::int64_t draws = 0, batch = 100;
};

// What the model can say of one item, under its own name: an exact density, a bound, or a critic's
// logit.
struct Score {
  std::string name;
  std::function<Tensor(const Tensor&)> of;
};

Score score_of(const LoadedRun& run, std::int64_t draws, Rng& rng) {
  if (auto* likelihood = dynamic_cast<Likelihood*>(run.model.get()))
    return {"log_prob", [likelihood](const Tensor& x) { return likelihood->log_prob(x); }};
  if (auto* bound = dynamic_cast<Bound*>(run.model.get()))
    return {"bound", [bound, draws, &rng](const Tensor& x) {
              return draws > 0 ? bound->log_prob_iwae(x, draws, rng) : bound->elbo(x, rng);
            }};
  if (auto* critic = dynamic_cast<Critic*>(run.model.get()))
    return {"realness_logit", [critic](const Tensor& x) { return critic->realness_logits(x); }};
  run.refuse("likelihood, bound or critic");
}

int score(const ScoreArguments& a, const Console& console) {
  torch::NoGradGuard no_grad;
  start_up();
  const auto run = load(a.run, console);
  const auto judged = judged_data(run, a.data, a.split);
  const auto device = parse_device(a.run.device);
  Rng rng(static_cast<std::uint64_t>(a.run.seed), "score", device);
  const auto figure = score_of(run, a.draws, rng);
  Loader loader(judged.data, judged.transform,
                {.batch = a.batch,
                 .shuffle = false,
                 .repeat = false,
                 .drop_last = false,
                 .seed = static_cast<std::uint64_t>(a.run.seed),
                 .threads = 1});
  std::string csv = fmt::format("index,{}\n", figure.name);
  std::int64_t index = 0;
  double sum = 0;
  for (auto host = loader.next(); host.rows > 0; host = loader.next()) {
    const auto values = figure.of(to_batch(std::move(host), loader.info(), device).x)
                            .to(torch::kCPU, torch::kFloat64)
                            .contiguous();
    for (std::int64_t i = 0; i < values.numel(); ++i, ++index) {
      const double value = values.data_ptr<double>()[i];
      sum += value;
      csv += fmt::format("{},{}\n", index, value);
    }
  }
  write_file_atomically(a.out, csv);
  const double mean = sum / static_cast<double>(index);
  console.result(fmt::format("{} rows of {} in {}; mean {:.4f}", index, figure.name, a.out, mean),
                 {{"run", a.run.run},
                  {"data", judged.name},
                  {"file", a.out},
                  {"rows", index},
                  {"score", figure.name},
                  {"mean", mean}});
  return 0;
}

}  // namespace

void add_score(const Program& program) {
  auto a = std::make_shared<ScoreArguments>();
  auto* command = program.add("score", "one figure per item: log_prob, bound, or a critic's logit",
                              "kiln score runs/nade --data digits -o scores.csv");
  add_run_arguments(command, a->run);
  command->add_option("--data", a->data, "data source, every row [the run's own source]");
  command->add_option("--split", a->split,
                      "train, valid or test [test, or valid where there is no test part]");
  command->add_option("-o,--out", a->out, "CSV file [scores.csv]");
  command->add_option("--draws", a->draws, "for a bound: importance draws; 0 is the ELBO [0]")
      ->check(CLI::Range(0, 100000));
  command->add_option("--batch", a->batch, "items at a time [100]")->check(CLI::Range(1, 100000));
  program.on_run(command, [a, &console = program.console] { return score(*a, console); });
}

}  // namespace kiln::program

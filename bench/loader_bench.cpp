// How fast batches are made, against how fast the models eat them: the loader must never be what a
// training waits for.
//   loader_bench [FOLDER of binarized_mnist]     default: $KILN_DATA/binarized_mnist, else the
//   built-in digits
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "kiln/core/threads.h"
#include "kiln/feed/batches.h"
#include "kiln/runs/session.h"

namespace {

using namespace kiln;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Best of five: images per second.
double best_rate(std::int64_t images, const std::function<void()>& work) {
  double best = 0;
  for (int i = 0; i < 5; ++i) best = std::max(best, static_cast<double>(images) / seconds_of(work));
  return best;
}

std::string default_source() {
  const char* folder = std::getenv("KILN_DATA");
  const auto path = std::filesystem::path(folder ? folder : "") / "binarized_mnist";
  return folder && std::filesystem::exists(path) ? "mnist:" + path.string() : "digits:n=5000";
}

struct Consumer {
  std::string model;
  OptionMap options;
  std::int64_t batch, rounds;
};

}  // namespace

int main(int argc, char** argv) {
  start_up(2);
  const auto spec = argc > 1 ? std::string("mnist:") + argv[1] : default_source();
  const auto source = open_source(parse_source(spec));
  fmt::print("{}\n{:8} {:>16} {:>16} {:>8}\n", spec, "model", "loader images/s", "model images/s",
             "ratio");
  for (const auto& [name, options, batch, rounds] :
       {Consumer{"nade", {{"hidden", "500"}}, 100, 60},
        Consumer{"vae", {{"hidden", "500"}}, 100, 60}, Consumer{"dcgan", {}, 64, 8}}) {
    const auto& entry = find_model(name);
    auto all = options;
    all.merge(data_facts(entry, source.splits.train->info()));
    const auto model = std::dynamic_pointer_cast<Game>(make_model(entry, entry.complete(all), 1));
    const auto transform = transform_for(source, source.splits.train->info(), *model);
    Loader loader(source.splits.train, transform, {.batch = batch, .threads = 1});
    const double made = best_rate(200 * batch, [&] {
      for (int i = 0; i < 200; ++i) to_batch(loader.next(), loader.info());
    });
    TrainOptions train;
    train.steps = rounds * 5;
    train.batch = batch;
    train.log_every = train.steps;
    Trainer trainer(*model, loader, resolve(train, rounds));
    std::int64_t until = 0;
    const double eaten = best_rate(rounds * batch, [&] {
      until += rounds;
      trainer.run({.interrupted = [&] { return trainer.step() >= until; }});
    });
    fmt::print("{:8} {:16.0f} {:16.0f} {:8.1f}\n", name, made, eaten, made / eaten);
  }
}

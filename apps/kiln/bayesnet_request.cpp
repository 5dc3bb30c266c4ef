#include "apps/kiln/bayesnet_request.h"

#include <fmt/format.h>

#include "apps/kiln/requests.h"
#include "kiln/core/error.h"

namespace kiln::program {
namespace {

void require(bool holds, const std::string& message) {
  if (!holds) throw ConfigError("bayesnet", message);
}

}  // namespace

void check_bayesnet(const BayesnetArguments& a) {
  const bool learns = !a.fit.empty() || !a.chow_liu.empty();
  require(a.chow_liu.empty() || a.fit.empty(), "give --fit or --chow-liu, not both");
  require(a.file.empty() != a.chow_liu.empty(),
          a.file.empty() ? "needs a network FILE, or --chow-liu FILE.csv to learn one"
                         : "--chow-liu learns the graph from the table: give no network FILE");
  require(learns || !a.prior, "--prior belongs to --fit or --chow-liu");
  require(!a.root || !a.chow_liu.empty(), "--root belongs to --chow-liu");
  require(a.gtest.empty() == a.data.empty(),
          "--gtest \"A ; B | C\" and --data FILE.csv go together");
  require(!(learns && a.sample), "-o names one file: give --sample, --fit or --chow-liu alone");
  require(!a.sample || !a.out.empty(), "--sample needs -o FILE.csv");
  require(!a.sample || *a.sample > 0,
          fmt::format("--sample needs 1 or more rows, got {}", a.sample.value_or(1)));
  require(a.out.empty() || learns || a.sample, "-o belongs to --sample, --fit or --chow-liu");
  check_ending("out", a.out, learns ? ".toml" : ".csv");
  check_ending("svg", a.svg, ".svg");
}

}  // namespace kiln::program

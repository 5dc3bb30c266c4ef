// Network files: whatever they hold, they are read or refused with an Error; a law that is read
// gives every node probabilities that sum to 1, and reads back the same from what is written.
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "kiln/core/error.h"
#include "kiln/graphical/elimination.h"
#include "kiln/graphical/network_file.h"

namespace {

void check_node(const kiln::BayesNet& net, std::size_t node) {
  try {
    const auto law = kiln::answer(net, {{node}, {}}).law.values;
    const double sum = std::accumulate(law.begin(), law.end(), 0.0);
    if (!(std::abs(sum - 1) < 1e-9)) std::abort();
  } catch (const kiln::ConfigError&) {  // a table too large
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const auto net = kiln::parse_network("fuzz", text).law();
    const auto written = kiln::to_toml(net);
    if (kiln::to_toml(kiln::parse_network("again", written).law()) != written) std::abort();
    for (std::size_t i = 0; i < net.dag().size() && i < 8; ++i) check_node(net, i);
  } catch (const kiln::Error&) {
  }
  return 0;
}

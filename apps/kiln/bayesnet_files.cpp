#include "apps/kiln/bayesnet_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "apps/kiln/bayesnet_independence.h"
#include "kiln/core/error.h"
#include "kiln/core/philox.h"
#include "kiln/core/text.h"
#include "kiln/graphical/counting.h"
#include "kiln/graphical/graph_picture.h"
#include "kiln/graphical/network_file.h"
#include "kiln/graphical/network_request.h"
#include "kiln/io/atomic_file.h"

namespace kiln::program {
namespace {

constexpr std::size_t kMostCells = std::size_t{1} << 26;  // of a table of samples

}  // namespace

DiscreteColumns read_node_columns(const std::string& file, const Dag& dag) {
  std::vector<std::size_t> nodes;
  for (std::size_t i = 0; i < dag.size(); ++i) nodes.push_back(i);
  return read_columns(file, dag, nodes);
}

FittedNetwork fit_tables(const Dag& dag, const DiscreteColumns& data, double prior,
                         const std::string& out) {
  auto law = fit_by_counting(dag, data, prior);
  const auto log_prob = log_likelihood(law, data);
  const auto rows = static_cast<double>(data.rows());
  const auto score = bic(log_prob, dag, data.rows());
  Said said{
      fmt::format("{} tables from {} rows of {}, prior {}: {:.6g} nats per row, BIC {:.6g}",
                  dag.size(), data.rows(), data.name, prior, log_prob / rows, score),
      {{"rows", data.rows()}, {"prior", prior}, {"log_likelihood", log_prob}, {"bic", score}}};
  if (!out.empty()) {
    make_folder_of(out);
    write_network(out, law);
    said.text += "; " + out;
    said.json["file"] = out;
  }
  return {std::move(law), std::move(said)};
}

void warn_of_zeros(const Dag& dag, const DiscreteColumns& data, const Console& console) {
  for (std::size_t i = 0; i < dag.size(); ++i) {
    std::vector<bool> seen(dag.states(i), false);
    for (const auto state : data.columns[i]) seen[state] = true;
    for (std::size_t state = 0; state < seen.size(); ++state)
      if (!seen[state])
        console.warn(
            fmt::format("warning: {}={} never occurs in {} and gets probability 0; "
                        "--prior 1 gives it a little",
                        dag.node(i).name, dag.node(i).states[state], data.name));
  }
}

Said test_rows(const Dag& dag, const std::string& question, const std::string& file) {
  const auto query = parse_separation(dag, question);
  if (query.a.size() != 1 || query.b.size() != 1)
    throw ConfigError("bayesnet", "the G-test compares one node with one");
  const auto separation = d_separation(dag, query);
  std::vector<std::size_t> nodes{query.a[0], query.b[0]};
  nodes.insert(nodes.end(), query.given.begin(), query.given.end());
  const auto data = read_columns(file, dag, nodes);
  const std::vector<StateColumn> given(data.columns.begin() + 2, data.columns.end());
  return say_g_test(dag, query, g_test(data.columns[0], data.columns[1], given), separation);
}

void check_rows(const Dag& dag, std::size_t rows) {
  if (rows > kMostCells / dag.size())
    throw ConfigError("bayesnet",
                      fmt::format("{} rows of {} columns are more than {} cells; draw fewer", rows,
                                  dag.size(), kMostCells));
}

Said draw_rows(const BayesNet& law, std::size_t rows, std::uint64_t seed, const std::string& out) {
  const auto& dag = law.dag();
  std::vector<std::string> cells;
  for (const auto& node : dag.nodes()) cells.push_back(node.name);
  auto csv = join(cells, ",") + "\n";
  Philox random(derive_key(seed, "bayesnet"));
  for (std::size_t n = 0; n < rows; ++n) {
    const auto x = law.sample(random);
    for (std::size_t i = 0; i < x.size(); ++i) {
      csv += dag.node(i).states[x[i]];
      csv += i + 1 < x.size() ? ',' : '\n';
    }
  }
  make_folder_of(out);
  write_file_atomically(out, csv);
  return {fmt::format("{} rows of {} columns in {}", rows, dag.size(), out),
          {{"rows", rows}, {"file", out}}};
}

Said draw_graph(const Dag& dag, const std::string& title, const std::optional<NetworkQuery>& query,
                const std::string& out) {
  GraphMarks marks;
  if (query) {
    marks.asked = query->targets;
    for (const auto& [node, state] : query->evidence) marks.known.push_back(node);
  }
  make_folder_of(out);
  write_file_atomically(out, graph_svg(dag, title, marks));
  return {out, out};
}

}  // namespace kiln::program

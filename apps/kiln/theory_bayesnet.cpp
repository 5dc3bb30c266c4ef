#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/kiln/bayesnet_answers.h"
#include "apps/kiln/number_checks.h"
#include "apps/kiln/theory_topics.h"
#include "kiln/core/text.h"
#include "kiln/graphical/counting.h"
#include "kiln/graphical/graph_picture.h"
#include "kiln/graphical/network_file.h"
#include "kiln/graphical/network_request.h"
#include "kiln/io/atomic_file.h"

namespace kiln::program {
namespace {

constexpr std::size_t kMostCells = std::size_t{1} << 26;  // of a table of samples

struct BayesnetArguments {
  std::string file, query, dsep, gtest, data, fit, chow_liu, svg, out;
  std::optional<std::string> root;
  std::optional<double> prior;
  std::optional<std::int64_t> sample;
  std::int64_t seed = 1;
  bool parameters = false;

  bool asks() const {
    return parameters || sample || !(query + dsep + gtest + fit + chow_liu + svg).empty();
  }
};

void require(bool holds, const std::string& message) {
  if (!holds) throw ConfigError("bayesnet", message);
}

// Every option is used or refused.
void check(const BayesnetArguments& a) {
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

void make_folder_of(const std::filesystem::path& path) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
}

std::vector<std::size_t> all_nodes(const Dag& dag) {
  std::vector<std::size_t> nodes;
  for (std::size_t i = 0; i < dag.size(); ++i) nodes.push_back(i);
  return nodes;
}

// The answers so far, and the network that they are about.
class Session {
 public:
  Session(const BayesnetArguments& a, const Console& console) : a_(a), console_(console) {}

  void run() {
    if (!a_.chow_liu.empty())
      learn_tree();
    else
      read_network_file();
    if (!a_.asks() || a_.parameters) say("graph", say_graph(name_, *dag_));
    if (!a_.query.empty()) ask();
    if (!a_.dsep.empty()) separate();
    if (!a_.gtest.empty()) test();
    if (a_.sample) sample();
    if (!a_.svg.empty()) draw();
    console_.result(join(texts_, "\n"), json_);
  }

 private:
  void say(const std::string& key, Said said) {
    texts_.push_back(std::move(said.text));
    json_[key] = std::move(said.json);
  }

  void learn_tree() {
    const auto table = read_all_columns(a_.chow_liu);
    const Dag columns(table.nodes);
    const auto tree = chow_liu(table, a_.root ? columns.index_of(*a_.root) : 0);
    name_ = a_.chow_liu;
    dag_ = tree.dag;
    say("chow_liu", say_tree(tree));
    fit(table.data);
  }

  void read_network_file() {
    file_ = read_network(a_.file);
    name_ = a_.file;
    dag_ = file_->dag;
    if (!a_.fit.empty()) fit(read_columns(a_.fit, *dag_, all_nodes(*dag_)));
  }

  void fit(const DiscreteColumns& data) {
    const auto prior = a_.prior.value_or(0);
    law_ = fit_by_counting(*dag_, data, prior);
    const auto log_prob = log_likelihood(*law_, data);
    const auto rows = static_cast<double>(data.rows());
    const auto score = bic(log_prob, *dag_, data.rows());
    Said said{
        fmt::format("{} tables from {} rows of {}, prior {}: {:.6g} nats per row, BIC {:.6g}",
                    dag_->size(), data.rows(), data.name, prior, log_prob / rows, score),
        {{"rows", data.rows()}, {"prior", prior}, {"log_likelihood", log_prob}, {"bic", score}}};
    if (!a_.out.empty()) {
      make_folder_of(a_.out);
      write_network(a_.out, *law_);
      said.text += "; " + a_.out;
      said.json["file"] = a_.out;
    }
    say("fit", said);
    warn_of_zeros(data);
  }

  // A state without rows has probability zero, and so has every item that shows it.
  void warn_of_zeros(const DiscreteColumns& data) {
    if (a_.prior.value_or(0) > 0) return;
    for (std::size_t i = 0; i < dag_->size(); ++i) {
      std::vector<bool> seen(dag_->states(i), false);
      for (const auto state : data.columns[i]) seen[state] = true;
      for (std::size_t state = 0; state < seen.size(); ++state)
        if (!seen[state])
          console_.warn(
              fmt::format("warning: {}={} never occurs in {} and gets probability 0; "
                          "--prior 1 gives it a little",
                          dag_->node(i).name, dag_->node(i).states[state], data.name));
    }
  }

  const BayesNet& law() {
    if (!law_) law_ = file_->law();
    return *law_;
  }

  void ask() {
    query_ = parse_query(*dag_, a_.query);
    say("query", say_answer(*dag_, *query_, answer(law(), *query_)));
  }

  void separate() {
    const auto query = parse_separation(*dag_, a_.dsep);
    say("dsep", say_separation(*dag_, query, d_separation(*dag_, query)));
  }

  void test() {
    const auto query = parse_separation(*dag_, a_.gtest);
    require(query.a.size() == 1 && query.b.size() == 1, "the G-test compares one node with one");
    const auto separation = d_separation(*dag_, query);
    std::vector<std::size_t> nodes{query.a[0], query.b[0]};
    nodes.insert(nodes.end(), query.given.begin(), query.given.end());
    const auto data = read_columns(a_.data, *dag_, nodes);
    const std::vector<StateColumn> given(data.columns.begin() + 2, data.columns.end());
    say("gtest",
        say_g_test(*dag_, query, g_test(data.columns[0], data.columns[1], given), separation));
  }

  void sample() {
    const auto rows = static_cast<std::size_t>(*a_.sample);
    require(rows <= kMostCells / dag_->size(),
            fmt::format("{} rows of {} columns are more than {} cells; draw fewer", rows,
                        dag_->size(), kMostCells));
    std::vector<std::string> cells;
    for (const auto& node : dag_->nodes()) cells.push_back(node.name);
    auto csv = join(cells, ",") + "\n";
    Philox random(derive_key(static_cast<std::uint64_t>(a_.seed), "bayesnet"));
    for (std::size_t n = 0; n < rows; ++n) {
      const auto x = law().sample(random);
      for (std::size_t i = 0; i < x.size(); ++i) {
        csv += dag_->node(i).states[x[i]];
        csv += i + 1 < x.size() ? ',' : '\n';
      }
    }
    make_folder_of(a_.out);
    write_file_atomically(a_.out, csv);
    say("sample", {fmt::format("{} rows of {} columns in {}", rows, dag_->size(), a_.out),
                   {{"rows", rows}, {"file", a_.out}}});
  }

  void draw() {
    GraphMarks marks;
    if (query_) {
      marks.asked = query_->targets;
      for (const auto& [node, state] : query_->evidence) marks.known.push_back(node);
    }
    make_folder_of(a_.svg);
    write_file_atomically(a_.svg, graph_svg(*dag_, name_, marks));
    say("svg", {a_.svg, a_.svg});
  }

  const BayesnetArguments& a_;
  const Console& console_;
  std::string name_;
  std::optional<NetworkFile> file_;
  std::optional<Dag> dag_;
  std::optional<BayesNet> law_;
  std::optional<NetworkQuery> query_;
  std::vector<std::string> texts_;
  nlohmann::json json_ = nlohmann::json::object();
};

}  // namespace

void add_theory_bayesnet(const Program& topics) {
  auto a = std::make_shared<BayesnetArguments>();
  auto* command = topics.add(
      "bayesnet", "a Bayesian network: queries, independence, learning, samples",
      "kiln theory bayesnet examples/networks/sprinkler.toml --query \"Rain | WetGrass=wet\"");
  command->add_option("FILE", a->file, "the network, a TOML file");
  command->add_flag("--parameters", a->parameters, "nodes, states, parents, free parameters");
  command->add_option("--query", a->query, "\"A, C | B=1, D=yes\": p(A, C | B=1, D=yes), exactly");
  command->add_option("--dsep", a->dsep,
                      "\"A ; B | C, D\": does the graph make A and B independent?");
  command->add_option("--gtest", a->gtest, "\"A ; B | C\": do the rows of --data contradict it?");
  command->add_option("--data", a->data, "FILE.csv with a column for each node of --gtest");
  command->add_option("--sample", a->sample, "rows to draw into -o FILE.csv");
  command->add_option("--seed", a->seed, "seed of the rows [1]")->check(whole_number(0));
  command->add_option("--fit", a->fit, "FILE.csv: fill the graph's tables by counting");
  command->add_option("--chow-liu", a->chow_liu,
                      "FILE.csv: learn the likeliest tree of all its columns");
  command->add_option("--root", a->root, "the tree's first node [the first column]");
  command->add_option("--prior", a->prior, "added to every count: 0 likeliest, 1 Laplace [0]");
  command->add_option("-o,--out", a->out, "FILE.toml for what was learned, FILE.csv for samples");
  command->add_option("--svg", a->svg, "FILE.svg: the graph; with --query what is known is grey");
  topics.on_run(command, [a, &console = topics.console] {
    check(*a);
    Session(*a, console).run();
    return 0;
  });
}

}  // namespace kiln::program

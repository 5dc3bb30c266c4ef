#include "apps/kiln/bayesnet_session.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/kiln/bayesnet_answers.h"
#include "apps/kiln/bayesnet_files.h"
#include "apps/kiln/bayesnet_independence.h"
#include "kiln/core/text.h"
#include "kiln/graphical/network_file.h"
#include "kiln/graphical/network_request.h"

namespace kiln::program {
namespace {

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
    if (!a_.fit.empty()) fit(read_node_columns(a_.fit, *dag_));
  }

  void fit(const DiscreteColumns& data) {
    const auto prior = a_.prior.value_or(0);
    auto fitted = fit_tables(*dag_, data, prior, a_.out);
    law_ = std::move(fitted.law);
    say("fit", std::move(fitted.said));
    if (prior <= 0) warn_of_zeros(*dag_, data, console_);
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

  void test() { say("gtest", test_rows(*dag_, a_.gtest, a_.data)); }

  void sample() {
    const auto rows = static_cast<std::size_t>(*a_.sample);
    check_rows(*dag_, rows);
    say("sample", draw_rows(law(), rows, static_cast<std::uint64_t>(a_.seed), a_.out));
  }

  void draw() { say("svg", draw_graph(*dag_, name_, query_, a_.svg)); }

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

void answer_bayesnet(const BayesnetArguments& a, const Console& console) {
  Session(a, console).run();
}

}  // namespace kiln::program

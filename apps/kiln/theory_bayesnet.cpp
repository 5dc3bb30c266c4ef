#include "apps/kiln/bayesnet_request.h"
#include "apps/kiln/bayesnet_session.h"
#include "apps/kiln/number_checks.h"
#include "apps/kiln/theory_topics.h"

namespace kiln::program {

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
  topics.on_run(command, [command, a, &console = topics.console] {
    check_bayesnet(*a);
    check_out(*command);
    answer_bayesnet(*a, console);
    return 0;
  });
}

}  // namespace kiln::program

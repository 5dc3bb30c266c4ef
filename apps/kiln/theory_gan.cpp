#include "apps/kiln/number_checks.h"
#include "apps/kiln/svg_file.h"
#include "apps/kiln/theory_law.h"
#include "apps/kiln/theory_topics.h"

namespace kiln::program {

void add_theory_gan(const Program& topics) {
  auto a = std::make_shared<LineCriticArguments>();
  auto* command = topics.add("gan", "the best critic of two laws, and one that learns to be it",
                             "kiln theory gan --p normal:0,1 --q uniform:-1,3 -o gan.svg");
  command->add_option("--p", a->p, std::string("the data's: ") + kLineLawHelp + " [normal:0,1]");
  command->add_option("--q", a->q, "the generator's law [normal:1,1.5]");
  command
      ->add_option("--steps", a->steps,
                   "of the critic's training, up to 10 iterations of L-BFGS each [100]")
      ->check(whole_number(1, 100000));
  command->add_option("--seed", a->seed, "of its first weights [1]");
  command->add_option("-o,--out", a->out, "FILE.svg: laws, critic, value");
  topics.on_run(command, [command, a, &console = topics.console] {
    check_ending("out", a->out, ".svg");
    check_out(*command);
    line_law_of("gan.p", a->p), line_law_of("gan.q", a->q);
    return actions().line_critic(*a, console);
  });
}

}  // namespace kiln::program

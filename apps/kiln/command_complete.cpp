#include "apps/kiln/program.h"

namespace kiln::program {

void add_complete(const Program& program) {
  auto a = std::make_shared<CompleteArguments>();
  auto* command = program.add(
      "complete", "draw the unknown part of images, given the known one",
      "kiln complete runs/nade --data digits --index 0,1,2 --known top-half -o FILE.png");
  add_run_arguments(command, a->run);
  command->add_option("--image", a->image, "a picture to complete");
  add_judged_data(command, a->data, a->split,
                  "data source whose items to complete [the run's own source]");
  command->add_option("--index", a->indices, "which items, separated by commas [0]");
  command
      ->add_option("--known", a->known,
                   "what is given: top-half, bottom-half, left-half, right-half, centre, or a "
                   "picture whose bright pixels are given")
      ->required();
  command->add_option("--draws", a->draws, "completions of each item [6]")
      ->check(CLI::Range(1, 1000));
  command->add_option("-o,--out", a->out, "FILE.png [RUN/samples/complete-SEED.png]");
  program.on_run(command, &Actions::complete, a, {"completer"});
}

}  // namespace kiln::program

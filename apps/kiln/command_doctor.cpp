#include "apps/kiln/program.h"

namespace kiln::program {

void add_doctor(const Program& program) {
  auto* command = program.add(
      "doctor", "say what this machine has, and check that Kiln works on it", "kiln doctor --json");
  program.on_run(command, [&console = program.console] { return actions().doctor(console); });
}

}  // namespace kiln::program

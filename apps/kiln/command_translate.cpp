#include <filesystem>

#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"

namespace kiln::program {
namespace {

void check_translate(TranslateArguments& a) {
  if (!a.image.empty() && !(a.data.empty() && a.split.empty()))
    throw ConfigError("translate", "give --image, or --data and --split, not both");
  if (!a.image.empty() && a.out.empty())
    throw ConfigError("translate.out", "--image needs -o FILE.png, or -o DIR for a folder");
  if (!std::filesystem::is_directory(a.image)) check_png(a);
}

}  // namespace

void add_translate(const Program& program) {
  auto a = std::make_shared<TranslateArguments>();
  auto* command = program.add("translate", "make of each picture one of the other kind",
                              "kiln translate runs/pix2pix --image photo.png -o drawing.png");
  add_run_arguments(command, a->run);
  command->add_option("--image", a->image,
                      "a picture of any size, or a folder of them [items of the run's data]");
  command->add_option("--direction", a->direction, "a2b or b2a [the run's first]");
  add_judged_data(command, a->data, a->split,
                  "pairs to show: what is given, what is made, the truth [the run's own source]");
  command->add_option("-n,--count", a->count, "how many pairs [8]")->check(whole_number(1, 1000));
  command->add_option("-o,--out", a->out,
                      "FILE.png, or with a folder of pictures DIR [RUN/samples/translate.png]");
  program.on_run(command, &Actions::translate, a, check_translate, {"translator"});
}

}  // namespace kiln::program

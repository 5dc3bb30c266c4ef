#include "apps/kiln/actions/run_pictures.h"

#include "kiln/io/atomic_file.h"
#include "kiln/train/pictures.h"

namespace kiln::program {
namespace fs = std::filesystem;

fs::path picture_path(const RunArguments& run, const std::string& out, const std::string& name) {
  if (!out.empty()) return out;
  const auto path = fs::path(run.run) / "samples" / (name + ".png");
  drop_link(path);
  return path;
}

void write_picture(const fs::path& path, const Tensor& x, const PictureTable& words,
                   const RunArguments& arguments, const TrainedModel& run) {
  if (path.extension() != ".svg") return write_picture(path, x, words.columns, arguments, run);
  make_folder_of(path);
  write_file_atomically(
      path, svg_picture_table(picture_grid(x, run.model->value_set(), words.columns), words));
}

void write_picture(const fs::path& path, const Tensor& x, std::int64_t columns,
                   const RunArguments& arguments, const TrainedModel& run) {
  make_folder_of(path);
  write_png(path, picture_grid(x, run.model->value_set(), columns),
            {{"model", run.config.model},
             {"run", fs::path(arguments.run).filename().string()},
             {"step", std::to_string(run.step)},
             {"seed", std::to_string(arguments.seed)}});
}

}  // namespace kiln::program

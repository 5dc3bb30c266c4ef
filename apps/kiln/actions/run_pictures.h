#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/kiln/actions/run_access.h"
#include "kiln/io/image.h"
#include "kiln/io/svg_plot.h"
#include "kiln/use/picture_rows.h"

namespace kiln::program {

/// `out`, or RUN/samples/NAME.png when it is empty; what `kiln` lets through ends in .png.
std::filesystem::path picture_path(const RunArguments& run, const std::string& out,
                                   const std::string& name);

/// Writes a grid with words at its edges where `path` ends in .svg, else the grid alone as PNG.
void write_picture(const std::filesystem::path& path, const Tensor& x, const PictureTable& words,
                   const RunArguments& arguments, const TrainedModel& run);

/// Writes a grid as PNG, with what made it in the PNG's text.
void write_picture(const std::filesystem::path& path, const Tensor& x, std::int64_t columns,
                   const RunArguments& arguments, const TrainedModel& run);

}  // namespace kiln::program

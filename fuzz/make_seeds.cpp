// Writes one small file of every kind that the readers know, for the fuzzers to start from:
// make_seeds FOLDER makes FOLDER/image, FOLDER/npy and FOLDER/safetensors.
#include <webp/encode.h>

#include <cstdio>
#include <filesystem>

#include "kiln/io/atomic_file.h"
#include "kiln/io/image.h"
#include "kiln/io/npy.h"
#include "kiln/io/safetensors.h"
#include "tests/io/jpeg_builder.h"
#include "tests/io/png_builder.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

void write_pngs(const fs::path& folder) {
  for (const auto& [type, depths] : std::map<int, std::vector<int>>{
           {0, {1, 2, 4, 8, 16}}, {2, {8, 16}}, {3, {1, 4, 8}}, {4, {8, 16}}, {6, {8, 16}}})
    for (const int depth : depths)
      for (const bool interlaced : {false, true}) {
        const PngBuilder png{
            .width = 9,
            .height = 7,
            .depth = depth,
            .colour_type = type,
            .interlaced = interlaced,
            .palette = type == 3 ? "abcdef" : "",
            .transparency = type == 3 ? "gh" : "",
            .sample = [](auto x, auto y, int c) { return (x * y + static_cast<unsigned>(c)) % 2; }};
        write_file_atomically(folder / ("png-" + std::to_string(type) + "-" +
                                        std::to_string(depth) + "-" + std::to_string(interlaced)),
                              png.build());
      }
  write_png(folder / "png-text", {.width = 2, .height = 1, .pixels = {1, 2}}, {{"seed", "7"}});
}

void write_jpegs(const fs::path& folder) {
  for (const bool progressive : {false, true}) {
    const std::string end = progressive ? "-progressive" : "";
    const auto write = [&](const std::string& name, unsigned channels, J_COLOR_SPACE space) {
      write_file_atomically(folder / (name + end),
                            encode_jpeg(17, 9, channels, ramps(17, 9, channels),
                                        {.space = space, .progressive = progressive}));
    };
    write("jpeg-grey", 1, JCS_GRAYSCALE);
    write("jpeg-rgb", 3, JCS_RGB);
    write("jpeg-cmyk", 4, JCS_CMYK);
  }
}

void write_webps(const fs::path& folder) {
  const auto pixels = ramps(16, 16, 4);
  std::uint8_t* out = nullptr;
  const auto write = [&](const char* name, std::size_t size) {
    write_file_atomically(folder / name, std::span(out, size));
    WebPFree(out);
  };
  write("webp-lossless", WebPEncodeLosslessRGBA(pixels.data(), 16, 16, 64, &out));
  write("webp-lossy", WebPEncodeRGBA(pixels.data(), 16, 16, 64, 75, &out));
  write("webp-opaque", WebPEncodeRGB(pixels.data(), 16, 16, 48, 75, &out));
}

void write_seeds(const fs::path& root) {
  for (const auto* name : {"image", "npy", "safetensors"}) fs::create_directories(root / name);
  write_pngs(root / "image");
  write_jpegs(root / "image");
  write_webps(root / "image");
  const std::map<std::string, std::string> pnms{{"p2", "P2 2 1 9 # c\n0 9"},
                                                {"p3", "P3 1 1 255 1 2 3"},
                                                {"p5", "P5 2 1 255\nab"},
                                                {"p6", "P6 1 1 300\nabcdef"}};
  for (const auto& [name, text] : pnms)
    write_file_atomically(root / "image" / name, std::string_view(text));
  write_npy(root / "npy" / "array", {.shape = {2, 2}, .values = {1, 2, 3, 4}});
  write_npy(root / "npy" / "scalar", {.shape = {}, .values = {1}});
  write_safetensors(root / "safetensors" / "empty", {});
  write_safetensors(root / "safetensors" / "two",
                    {.metadata = {{"step", "1"}},
                     .tensors = {{.name = "a", .dtype = "F32", .shape = {1}, .bytes = {1, 2, 3, 4}},
                                 {.name = "b", .dtype = "U8", .shape = {2}, .bytes = {5, 6}}}});
  const std::string plain = R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(plain.size());
  write_file_atomically(root / "safetensors" / "plain", std::string_view(file + plain + "xy"));
}

}  // namespace
}  // namespace kiln

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: make_seeds FOLDER\n"), 2;
  kiln::write_seeds(argv[1]);
}

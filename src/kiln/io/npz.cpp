#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <memory>
#include <set>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/npy.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".npy";
constexpr std::uint64_t kDeflateRatio = 1032;  // most that one byte of deflate can become

using Archive = std::unique_ptr<zip_t, decltype(&zip_discard)>;
using Member = std::unique_ptr<zip_file_t, decltype(&zip_fclose)>;
using Source = std::unique_ptr<zip_source_t, decltype(&zip_source_free)>;

[[noreturn]] void refuse(const fs::path& path, std::string_view message) {
  throw IoError("npz", fmt::format("'{}' {}", path.string(), message));
}

Archive open(const fs::path& path) {
  int code = 0;
  Archive archive(zip_open(path.c_str(), ZIP_RDONLY, &code), &zip_discard);
  if (archive) return archive;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  refuse(path, fmt::format("is not a .npz archive that can be read ({})", reason));
}

std::vector<std::string> names_of(const fs::path& path, const Archive& archive) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive.get(), 0); ++i) {
    const char* raw = zip_get_name(archive.get(), static_cast<zip_uint64_t>(i), 0);
    std::string name = raw ? raw : "";
    if (!name.ends_with(kSuffix)) continue;
    name.resize(name.size() - kSuffix.size());
    if (!seen.insert(name).second) refuse(path, fmt::format("holds '{}' twice", name));
    names.push_back(std::move(name));
  }
  return names;
}

// The member's claimed size, once it can be believed: a small file cannot become a huge one.
std::uint64_t checked_size(const fs::path& path, const std::string& name, const zip_stat_t& status,
                           std::uint64_t limit) {
  const bool stored = status.comp_method == ZIP_CM_STORE;
  if (!stored && status.comp_method != ZIP_CM_DEFLATE)
    refuse(path, fmt::format("packs '{}' by method {}; write it with np.savez_compressed", name,
                             status.comp_method));
  if (status.size > limit)
    refuse(path,
           fmt::format("unpacks '{}' to {} bytes; at most {} are read", name, status.size, limit));
  if (status.size / (stored ? 1 : kDeflateRatio) > status.comp_size)
    refuse(path, fmt::format("is damaged: '{}' cannot unpack to {} bytes", name, status.size));
  return status.size;
}

[[noreturn]] void fail_writing(zip_error_t* error) {
  throw IoError("npz", fmt::format("cannot pack the archive ({})", zip_error_strerror(error)));
}

// The archive keeps a pointer to `bytes` until it is closed.
void add_member(zip_t* archive, const std::string& name, const std::vector<std::uint8_t>& bytes) {
  zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
  const std::string member = name + std::string(kSuffix);
  const zip_int64_t index =
      source ? zip_file_add(archive, member.c_str(), source, ZIP_FL_ENC_UTF_8) : -1;
  if (index < 0) {
    if (source) zip_source_free(source);
    fail_writing(zip_get_error(archive));
  }
  const auto at = static_cast<zip_uint64_t>(index);
  // 1 January 1980, the first day that the format knows: equal arrays give equal files.
  if (zip_set_file_compression(archive, at, ZIP_CM_DEFLATE, 6) != 0 ||
      zip_file_set_dostime(archive, at, 0, 1 << 5 | 1, 0) != 0)
    fail_writing(zip_get_error(archive));
}

std::vector<std::uint8_t> content(zip_source_t* buffer) {
  zip_stat_t status;
  if (zip_source_stat(buffer, &status) != 0 || zip_source_open(buffer) != 0)
    fail_writing(zip_source_error(buffer));
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.size));
  const zip_int64_t got = zip_source_read(buffer, bytes.data(), bytes.size());
  zip_source_close(buffer);
  if (got != static_cast<zip_int64_t>(bytes.size())) fail_writing(zip_source_error(buffer));
  return bytes;
}

}  // namespace

std::vector<std::string> npz_names(const fs::path& path) { return names_of(path, open(path)); }

void unpack_npz_member(const fs::path& path, const std::string& name, std::uint64_t limit_bytes,
                       const std::function<void(std::span<const std::uint8_t>)>& take) {
  const Archive archive = open(path);
  const auto names = names_of(path, archive);
  if (!std::ranges::count(names, name))
    refuse(path, fmt::format("has no array '{}'{}; it has: {}", name, did_you_mean(name, names),
                             join(names, ", ")));
  const std::string member = name + std::string(kSuffix);
  zip_stat_t status;
  const Member file(zip_fopen(archive.get(), member.c_str(), 0), &zip_fclose);
  if (!file || zip_stat(archive.get(), member.c_str(), 0, &status) != 0)
    refuse(path, fmt::format("cannot be unpacked ({})", zip_strerror(archive.get())));
  std::uint64_t left = checked_size(path, name, status, limit_bytes);

  // The last read gives nothing: there libzip compares the checksum.
  std::vector<std::uint8_t> piece(std::size_t{1} << 18);
  zip_int64_t got = 0;
  while ((got = zip_fread(file.get(), piece.data(), piece.size())) > 0 &&
         static_cast<std::uint64_t>(got) <= left) {
    left -= static_cast<std::uint64_t>(got);
    take(std::span(piece).first(static_cast<std::size_t>(got)));
  }
  if (got != 0 || left != 0)
    refuse(path, fmt::format("is damaged: '{}' does not unpack ({})", name,
                             zip_file_strerror(file.get())));
}

std::vector<std::uint8_t> read_npz_member(const fs::path& path, const std::string& name,
                                          std::uint64_t limit_bytes) {
  std::vector<std::uint8_t> bytes;
  unpack_npz_member(path, name, limit_bytes, [&bytes](std::span<const std::uint8_t> piece) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  });
  return bytes;
}

void write_npz(const fs::path& path, const std::vector<NpyArray>& arrays) {
  if (arrays.empty()) throw ShapeError("npz", "an archive needs one array at least");
  std::set<std::string> names;
  std::vector<std::vector<std::uint8_t>> members;
  for (const auto& array : arrays) {
    if (array.name.empty() || !names.insert(array.name).second)
      throw ShapeError("npz", fmt::format("an array's name must be its own, got '{}'", array.name));
    members.push_back(encode_npy(array));
  }
  zip_error_t error;
  zip_error_init(&error);
  const Source buffer(zip_source_buffer_create(nullptr, 0, 0, &error), &zip_source_free);
  if (!buffer) fail_writing(&error);
  Archive archive(zip_open_from_source(buffer.get(), ZIP_TRUNCATE, &error), &zip_discard);
  if (!archive) fail_writing(&error);
  zip_source_keep(buffer.get());  // the archive gives up one reference, ours stays
  for (std::size_t i = 0; i < arrays.size(); ++i)
    add_member(archive.get(), arrays[i].name, members[i]);
  if (zip_close(archive.get()) != 0) fail_writing(zip_get_error(archive.get()));
  archive.release();  // closed and freed
  write_file_atomically(path, content(buffer.get()));
}

}  // namespace kiln

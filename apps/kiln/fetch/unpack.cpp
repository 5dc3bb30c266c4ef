#include "apps/kiln/fetch/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <span>

#include "apps/kiln/fetch/download.h"
#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::uint64_t kInMemory = std::uint64_t{1} << 27, kMostOther = std::uint64_t{1} << 32;
constexpr std::uint64_t kSide = 28, kIdxHeader = 16;

using Bytes = std::vector<std::uint8_t>;

constexpr const char* kSums = "SHA256SUMS";  // as sha256sum writes and reads it

void require_sum(const Delivery& delivery, const std::string& sum) {
  if (sum != delivery.sha256)
    throw NotDelivered(fmt::format(
        "is not what was published: the SHA-256 of {} is {}, not {}",
        delivery.packing == Packing::tar ? "the archive" : "what it holds", sum, delivery.sha256));
}

ByteSourcePtr inflate(const Delivery& delivery, const fs::path& file) {
  if (!is_gzip(file)) throw NotDelivered("is no gzip file");
  try {
    return inflate_gzip(file, delivery.bytes, kInMemory);
  } catch (const IoError& error) {
    throw NotDelivered(error.what());
  }
}

// The bytes 0 and 255 of rows of "0 1 0 ... ", behind the header of an IDX file of images.
Bytes idx_of_rows(const std::string& text, std::uint64_t bytes) {
  const auto images = (bytes - kIdxHeader) / (kSide * kSide);
  Bytes idx{0, 0, 8, 3};
  for (const auto size : {images, kSide, kSide})
    for (const int shift : {24, 16, 8, 0})
      idx.push_back(static_cast<std::uint8_t>(size >> shift & 255));
  idx.reserve(bytes);
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r') continue;
    if ((c != '0' && c != '1') || idx.size() == bytes)
      throw NotDelivered(fmt::format("is no text of {} rows of 784 zeros and ones", images));
    idx.push_back(c == '1' ? 255 : 0);
  }
  return idx;
}

Bytes gzipped(Bytes& content) {
  constexpr int kGzip = 15 + 16;  // the largest window, and gzip's header
  z_stream stream{};
  KILN_ASSERT(::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8,
                             Z_DEFAULT_STRATEGY) == Z_OK);
  Bytes packed(::deflateBound(&stream, content.size()));
  stream.next_in = content.data(), stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = packed.data(), stream.avail_out = static_cast<uInt>(packed.size());
  const int code = ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  KILN_ASSERT(code == Z_STREAM_END);
  return packed;
}

// Members of a gzipped tar by the last part of their names; others are passed over unread.
std::map<std::string, Bytes> members_of(const Delivery& delivery, const fs::path& file) {
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(),
                                                                      &archive_read_free);
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  std::map<std::string, Bytes> members;
  if (archive_read_open_filename(reader.get(), file.c_str(), kPiece) != ARCHIVE_OK)
    throw NotDelivered("is no gzipped tar archive");
  for (archive_entry* entry = nullptr;
       archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK;) {
    const auto* path = archive_entry_pathname(entry);
    const auto name = path ? fs::path(path).filename().string() : std::string();
    if (std::find(delivery.kept.begin(), delivery.kept.end(), name) == delivery.kept.end() ||
        static_cast<std::uint64_t>(archive_entry_size(entry)) != delivery.bytes)
      continue;
    auto& content = members[name] = Bytes(delivery.bytes);
    if (archive_read_data(reader.get(), content.data(), content.size()) !=
        static_cast<la_ssize_t>(content.size()))
      throw NotDelivered(fmt::format("is cut short within {}", name));
  }
  for (const auto& name : delivery.kept)
    if (!members.contains(name))
      throw NotDelivered(fmt::format("holds no {} of {} bytes", name, delivery.bytes));
  return members;
}

std::string sum_line(const fs::path& folder, const std::string& name) {
  return fmt::format("{}  {}\n", sha256_of(*file_bytes(folder / name)), name);
}

void unpack_text(const Delivery& delivery, const fs::path& arrived, const fs::path& folder) {
  auto idx = idx_of_rows(read_text_file(arrived, delivery.most_bytes), delivery.bytes);
  require_sum(delivery, sha256_of(*memory_bytes(arrived.string(), idx)));
  write_file_atomically(folder / delivery.kept.front(), gzipped(idx));
}

void unpack_tar(const Delivery& delivery, const fs::path& arrived, const fs::path& folder) {
  require_sum(delivery, sha256_of(*file_bytes(arrived)));
  std::string sums;
  for (const auto& [name, content] : members_of(delivery, arrived)) {
    write_file_atomically(folder / name, content);
    sums += sum_line(folder, name);
  }
  write_file_atomically(folder / kSums, sums);
}

void unpack_gzip(const Delivery& delivery, const fs::path& arrived, const fs::path& folder) {
  require_sum(delivery, sha256_of(*inflate(delivery, arrived)));
  write_file_atomically(folder / delivery.kept.front(), read_file(arrived, delivery.most_bytes));
}

bool members_are_right(const Delivery& delivery, const fs::path& folder) {
  std::error_code error;
  if (!fs::is_regular_file(folder / kSums, error)) return false;
  const auto sums = read_text_file(folder / kSums, 1 << 16);
  return std::all_of(delivery.kept.begin(), delivery.kept.end(), [&](const std::string& name) {
    return fs::exists(folder / name) && sums.find(sum_line(folder, name)) != std::string::npos;
  });
}

// A gzip file, whole, whatever it holds: not ours to replace.
bool other_content(const fs::path& file) {
  try {
    return is_gzip(file) && inflate_gzip(file, kMostOther, kInMemory)->size() > 0;
  } catch (const IoError&) {
    return false;
  }
}

}  // namespace

std::string sha256_of(const ByteSource& bytes) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> sum(EVP_MD_CTX_new(),
                                                                    &EVP_MD_CTX_free);
  EVP_DigestInit_ex(sum.get(), EVP_sha256(), nullptr);
  Bytes piece(kPiece);
  for (std::uint64_t at = 0; at < bytes.size(); at += kPiece) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, bytes.size() - at));
    bytes.read(at, std::span(piece).first(count));
    EVP_DigestUpdate(sum.get(), piece.data(), count);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(sum.get(), digest.data(), &length);
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

Kept kept_of(const Delivery& delivery, const fs::path& folder) {
  std::size_t there = 0, whole = 0;
  for (const auto& name : delivery.kept) {
    std::error_code error;
    const auto status = fs::status(folder / name, error);
    if (!fs::exists(status) && !fs::is_symlink(folder / name, error)) continue;
    if (!fs::is_regular_file(status))
      throw IoError((folder / name).string(), "is no file; remove it, or choose another folder");
    ++there;
    whole += fs::file_size(folder / name) >= delivery.bytes ? 1 : 0;
  }
  if (there == 0) return Kept::none;
  if (delivery.packing == Packing::tar) {
    std::error_code error;
    if (!fs::exists(folder / kSums, error)) return whole > 0 ? Kept::other : Kept::damaged;
    return members_are_right(delivery, folder) ? Kept::right : Kept::damaged;
  }
  try {
    const auto content = inflate(delivery, folder / delivery.kept.front());
    return sha256_of(*content) == delivery.sha256 ? Kept::right : Kept::other;
  } catch (const NotDelivered&) {
    return other_content(folder / delivery.kept.front()) ? Kept::other : Kept::damaged;
  }
}

void unpack(const Delivery& delivery, const fs::path& arrived, const fs::path& folder) {
  switch (delivery.packing) {
    case Packing::gzip:
      return unpack_gzip(delivery, arrived, folder);
    case Packing::text:
      return unpack_text(delivery, arrived, folder);
    case Packing::tar:
      return unpack_tar(delivery, arrived, folder);
  }
}

}  // namespace kiln::program

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

namespace kiln::program {

/// Why one place did not give a file; another may.
class NotDelivered : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How far a transfer is, in bytes; `total` is 0 while it is not known.
using Watch = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Fetches an http or https address into `part`, from where that file ends: a transfer that broke
/// goes on there.  What has arrived stays in `part` whatever happens.  Throws NotDelivered (no
/// connection, refused, cut short, more than `most_bytes`), and IoError when `part` cannot be
/// written or is no plain file of its own.
void download(const std::string& url, const std::filesystem::path& part, std::uint64_t most_bytes,
              const Watch& watch);

/// The same from a file at hand.
void copy_in(const std::filesystem::path& file, const std::filesystem::path& part,
             std::uint64_t most_bytes);

}  // namespace kiln::program

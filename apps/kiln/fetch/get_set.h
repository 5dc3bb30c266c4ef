#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/kiln/fetch/published_sets.h"

namespace kiln::program {

struct GetRequest {
  std::filesystem::path folder;
  std::string from;  ///< In place of the mirrors: an http(s) address or a folder; empty: none.
  /// Told how far each file is, in bytes; `total` is 0 while it is not known.
  std::function<void(const std::string& file, std::uint64_t done, std::uint64_t total)> watch;
};

/// How much of a set was there already and how much came, in files.
struct Got {
  std::int64_t there = 0, fetched = 0;
  std::vector<std::string> replaced = {};  ///< Names of those that were there and were damaged.
};

/// Brings a set into a folder.  What is there and right stays; a transfer that broke goes on where
/// it ended, from NAME.part; a mirror that fails or sends something else is followed by the next.
/// Throws IoError that says what each place answered; files that came whole stay.
Got get_set(const PublishedSet& set, const GetRequest& request);

}  // namespace kiln::program

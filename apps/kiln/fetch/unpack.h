#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/kiln/fetch/published_sets.h"
#include "kiln/data/byte_source.h"

namespace kiln::program {

/// 64 digits.
std::string sha256_of(const ByteSource& bytes);

/// What lies in the folder of that which a delivery becomes.
enum class Kept {
  none,     ///< No file of it.
  right,    ///< All of it, by its sums.
  damaged,  ///< Something that cannot be read, or is cut short.
  other     ///< Something else, whole.
};

/// The members of a tar are held to the sums that `unpack` wrote into SHA256SUMS beside them.
/// Throws IoError for names that are no files.
Kept kept_of(const Delivery& delivery, const std::filesystem::path& folder);

/// Checks what arrived and puts into the folder what it becomes, each file whole or not at all.
/// Throws NotDelivered when it is not what was published, IoError when it cannot be written.
void unpack(const Delivery& delivery, const std::filesystem::path& arrived,
            const std::filesystem::path& folder);

}  // namespace kiln::program

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/kiln/fetch/published_sets.h"
#include "kiln/data/byte_source.h"

namespace kiln::program {

/// 64 digits.
std::string sha256_of(const ByteSource& bytes);

/// Whether all that a delivery becomes lies in the folder: of the right content, or of a tar's
/// members, whose sums nobody publishes, of the right length.
bool is_kept(const Delivery& delivery, const std::filesystem::path& folder);

/// Checks what arrived and puts into the folder what it becomes, each file whole or not at all.
/// Throws NotDelivered when it is not what was published, IoError when it cannot be written.
void unpack(const Delivery& delivery, const std::filesystem::path& arrived,
            const std::filesystem::path& folder);

}  // namespace kiln::program

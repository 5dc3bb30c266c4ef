#pragma once

#include <filesystem>
#include <string>

#include "kiln/data/byte_source.h"
#include "kiln/data/dataset.h"

namespace kiln {

/// CIFAR-10's binary form: records of one label byte and 3 x 32 x 32 bytes.  `path` is one file, or
/// the folder of data_batch_*.bin (train) and test_batch.bin (test).  Pictures stay on disk.
/// Throws IoError: missing, no whole number of records, a label above 9.
Splits open_cifar10(const std::string& spec, const std::filesystem::path& path);

/// The records of files already at hand, in order.
DatasetPtr cifar10_dataset(const std::string& spec, const std::vector<ByteSourcePtr>& files);

}  // namespace kiln

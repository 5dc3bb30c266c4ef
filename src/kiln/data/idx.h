#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kiln/data/byte_source.h"
#include "kiln/data/dataset.h"

namespace kiln {

/// Where the bytes of an IDX file lie.  Format: the MNIST page of LeCun, Cortes and Burges.
struct IdxHeader {
  std::vector<std::int64_t> shape;  ///< Items first.
  std::uint64_t data_offset = 0;    ///< From the start of the IDX bytes.
  std::uint64_t data_bytes = 0;     ///< Product of `shape`: each number is one byte.
};

/// Reads the header from a file's first bytes.  Throws IoError naming `name`: not IDX, not bytes,
/// or sizes whose product overflows.
IdxHeader parse_idx_header(const std::string& name, std::span<const std::uint8_t> bytes);

/// One IDX file of bytes, raw or gzipped: its header and where to read it.
struct IdxFile {
  IdxHeader header;
  ByteSourcePtr bytes;
};

/// Opens and checks an IDX file: header, and a length that agrees with it.  A raw file stays on
/// disk; a gzipped one is inflated into memory, or a temporary file beyond `memory_limit` bytes.
IdxFile open_idx(const std::filesystem::path& path, std::uint64_t memory_limit);

/// The same for bytes already at hand.
IdxFile open_idx(ByteSourcePtr bytes);

/// Files of one part of a source.  `labels` is empty for none.
struct IdxPaths {
  std::filesystem::path images, labels;
};

/// The label file that lies beside an image file under the usual name (`...-labels-idx1-ubyte` for
/// `...-images-idx3-ubyte`, raw or .gz); an empty path if there is none.
std::filesystem::path idx_labels_beside(const std::filesystem::path& images);

/// The parts of a folder with MNIST's file names; `train.images` is never empty.  Throws IoError if
/// it is.
struct MnistPaths {
  IdxPaths train, valid, test;
};
MnistPaths find_mnist(const std::filesystem::path& folder);

/// Images (and labels) of one or more parts.  Their values are binary if every byte of every part
/// is 0 or 255, else unit.  Parts without images are null.  Throws IoError.
Splits open_idx_splits(const std::string& spec, const MnistPaths& paths,
                       std::uint64_t memory_limit);

/// As above for bytes at hand; `labels` may be null.
DatasetPtr idx_dataset(const std::string& spec, ByteSourcePtr images, ByteSourcePtr labels);

}  // namespace kiln

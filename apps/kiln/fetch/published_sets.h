#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kiln::program {

/// How a publisher packs what it delivers, and what is kept of it.
enum class Packing {
  gzip,  ///< One gzipped file: kept as it comes.
  text,  ///< Rows of 784 zeros and ones (.amat): kept as a gzipped IDX file of 28 x 28 images.
  tar    ///< A gzipped archive: the members that are wanted are kept.
};

/// One file as it is published.
struct Delivery {
  std::string file;  ///< Its name there.
  Packing packing = Packing::gzip;
  /// What the bytes must come to: of the content after unpacking (gzip: inflated; text: as IDX),
  /// since the same content can be packed in more than one way; of a tar, of the archive itself.
  std::string sha256;
  std::uint64_t bytes = 0;        ///< Of the content of every file that is kept.
  std::uint64_t most_bytes = 0;   ///< A transfer beyond this is none of it.
  std::vector<std::string> kept;  ///< Names in the folder; of a tar, also its members'.
};

/// A data set that others publish.
struct PublishedSet {
  std::string name;
  std::string holds;   ///< For people: what it is.
  std::string origin;  ///< Who made it, when; the licence where one is stated.
  std::string kind;    ///< The kind of source that reads the folder, as in "mnist:FOLDER".
  std::vector<std::string> mirrors;  ///< Addresses of folders, the best first.
  std::vector<Delivery> deliveries;
};

/// The sets that `kiln data get` knows.
const std::vector<PublishedSet>& published_sets();

/// Throws ConfigError, with the names there are, when there is none of that name.
const PublishedSet& published_set(const std::string& name);

}  // namespace kiln::program

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kiln/core/values.h"

namespace kiln {

/// A part of an item beside x, by name: the picture "b" of a pair.
struct ItemField {
  std::string name;                 ///< As in Batch::more.
  std::vector<std::int64_t> shape;  ///< {C, H, W} of a picture, {J} of a code.
  bool as_is = false;         ///< Whether no transform touches its numbers; such fields come last.
  std::int64_t size() const;  ///< Product of `shape`.
};

/// What a data source holds, known without reading its items.
struct DataInfo {
  std::string name;                 ///< The SPEC that opens it again.
  std::vector<std::int64_t> shape;  ///< {C, H, W} for images, {D} for tables and points.
  Values values =
      Values::real;          ///< Images: unit (bytes / 255), or binary when every byte is 0 or 255.
  std::int64_t classes = 0;  ///< 0 when there are no labels.
  std::vector<std::string> class_names;  ///< Empty, or one per class.
  std::vector<std::string> columns;      ///< Names of the D columns of a table; may be empty.
  /// Distinct values of a quantised source: 256 for bytes, q for states; else 0.
  std::int64_t levels = 0;
  std::int64_t skipped = 0;             ///< Broken items left out on request.
  std::vector<std::string> notes = {};  ///< What a person should know: which, and what else.
  std::vector<ItemField> more = {};     ///< Other parts of an item, in x's values but for as_is.

  /// Whether items are [C, H, W].
  bool is_image() const { return shape.size() == 3; }
  std::int64_t item_size() const;    ///< Product of `shape`: the numbers of x.
  std::int64_t stored_size() const;  ///< Those and the numbers of all fields.
  std::int64_t valued_size() const;  ///< Those and the fields in x's values: the first ones stored.
  const ItemField* field(const std::string& name) const;  ///< Null where there is none.
};

/// Items that can be read in any order from any thread.  An item never changes: reading it twice
/// gives the same bits.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual const DataInfo& info() const = 0;  ///< What its items are.
  virtual std::int64_t size() const = 0;     ///< How many there are.
  /// Writes item `index` into `x` (info().stored_size() numbers: those of x, images as C, H, W,
  /// then each field's) and returns its class, or -1 without labels. Thread-safe.  Throws IoError
  /// if the item cannot be read.
  virtual std::int64_t read(std::int64_t index, std::span<float> x) const = 0;
};

/// Data sets are shared and never change.
using DatasetPtr = std::shared_ptr<const Dataset>;

/// Items `indices` of another data set, in that order.
DatasetPtr subset(DatasetPtr parent, std::vector<std::int64_t> indices);

/// The parts of a source.  `valid` and `test` are null when the source has no such part.
struct Splits {
  DatasetPtr train;  ///< To learn from; never null.
  DatasetPtr valid;  ///< To choose by.
  DatasetPtr test;   ///< To judge by.
};

/// Keeps a source's own parts; without a validation part carves a seeded `fraction` off train (at
/// least one item). Throws ConfigError if train has fewer than two items.
Splits with_validation(Splits splits, double fraction, std::uint64_t seed);

}  // namespace kiln

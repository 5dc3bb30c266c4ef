#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kiln/core/batch.h"
#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// A part c of a generator's code that is to be found again in what it makes.
struct CodePart {
  enum class Kind { categorical, continuous };
  Kind kind;
  std::string name;    ///< "categorical0", "continuous1".
  std::int64_t first;  ///< Where it stands in a code.
  std::int64_t size;   ///< K places of a one-hot class, or 1 number, uniform in [-1, 1).

  /// H(c), nats: ln K, or ln 2, the differential entropy.
  double entropy() const {
    return std::log(kind == Kind::categorical ? static_cast<double>(size) : 2.0);
  }
};

/// A generator whose codes have such parts, with a network Q that reads them back.
class Informative {
 public:
  virtual ~Informative() = default;
  virtual std::vector<CodePart> code_parts() const = 0;
  /// For new codes, one column for each part: log Q(c | G(z, c)) + H(c), nats, [count, parts].  Its
  /// expectation is a lower bound of the information I(c; G(z, c)).
  virtual Tensor information(std::int64_t count, Rng& rng) = 0;
  /// log Q(c | x) of the first categorical part up to a constant: x as in Batch -> [B, K].  Throws
  /// ConfigError where there is none.
  virtual Tensor code_logits(const Batch& batch) = 0;
};

}  // namespace kiln

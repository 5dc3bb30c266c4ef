#pragma once

#include <string>
#include <vector>

#include "kiln/metrics/codes.h"
#include "kiln/use/judged_data.h"

namespace kiln {

// What the commands about latent codes share.

struct CodeOptions {
  std::int64_t items = 0;  ///< At most so many of the first items; 0: all.
  std::int64_t batch = 500;
  std::uint64_t seed = 1;  ///< Of random binarisation.
  torch::Device device = torch::kCPU;
};

/// The codes of a part of some data, in the order of the items: means, or with `draws` draws.
/// Throws ConfigError for more than 2^28 numbers.
LabelledCodes codes_of(Encoder& encoder, const JudgedData& judged, const CodeOptions& options,
                       Rng* draws = nullptr);

/// J, the latents that the run's decoder takes.
std::int64_t latents_of(const TrainedModel& run);

/// decode_mean of every row of z [N, J], some hundred at a time; no gradient.  On the CPU.
Tensor decode_codes(Decoder& decoder, const Tensor& z, torch::Device device);

/// The same for a picture.  Throws ConfigError, beginning with `command`, where the run learned no
/// images.
Tensor decode_images(const std::string& command, const TrainedModel& run, Decoder& decoder,
                     const Tensor& z, torch::Device device);

/// What a picture calls some data: of a path its last part, "mnist:fashion (test)",
/// and of a long SPEC no keys.
std::string short_name(const std::string& judged);

/// A class's name, or its number where it has none.
std::string class_name(const DataInfo& info, std::int64_t label);

/// The codes as an SVG picture: classes in colours, and the two directions of most variance where
/// there are more than two latents.
std::string code_scatter(const LabelledCodes& codes, const JudgedData& judged);

/// The same, and right of it how dense `drawn` codes lie [N, J], and how dense as many draws of the
/// prior, on the same plane and scale; cells above the prior's densest have its colour.  Throws
/// ConfigError for codes that are not finite.
std::string codes_beside_prior(const LabelledCodes& codes, const Tensor& drawn,
                               const JudgedData& judged, Prior& prior, Rng& rng);

}  // namespace kiln

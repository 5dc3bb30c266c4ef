#include "kiln/use/reconstruction_quality.h"

#include "kiln/metrics/feature_network.h"
#include "kiln/metrics/image_quality.h"
#include "kiln/use/picture_rows.h"

namespace kiln {

Estimate reconstruction_quality(const TrainedModel& run, const JudgedData& judged,
                                const std::string& metric, std::int64_t batch, std::uint64_t seed,
                                torch::Device device) {
  require_images("eval", judged.name, judged.data->info());
  run.as<Encoder>("encoder");
  run.as<Decoder>("decoder");
  const auto values = run.model->value_set();
  Loader loader(judged.data, judged.transform, LoaderOptions::one_pass(batch, seed));
  return average(loader, device, [&](const Batch& b) {
    const auto x = in_unit_range(b.x, values);
    const auto again = in_unit_range(reconstruct(*run.model, b.x), values);
    return metric == "ssim" ? ssim(x, again, 1) : psnr(x, again, 1);
  });
}

}  // namespace kiln

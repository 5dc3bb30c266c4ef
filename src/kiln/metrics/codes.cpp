#include "kiln/metrics/codes.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/check.h"
#include "kiln/feed/batches.h"
#include "kiln/prob/axis_normal.h"

namespace kiln {

LabelledCodes encode_items(Encoder& encoder, Loader& loader, torch::Device device, Rng* draws) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> codes, labels;
  for (auto host = loader.next(); host.rows > 0; host = loader.next()) {
    const auto batch = to_batch(std::move(host), loader.info(), device);
    const auto z = draws ? encoder.encode_draw(batch.x, *draws) : encoder.encode_mean(batch.x);
    check_shape("codes", "the code of x", z, {batch.x.size(0), encoder.code_size()});
    codes.push_back(z.to(torch::kCPU, torch::kFloat32));
    if (batch.y.defined()) labels.push_back(batch.y.to(torch::kCPU));
  }
  return {torch::cat(codes), labels.empty() ? Tensor() : torch::cat(labels)};
}

Tensor mean_code(const LabelledCodes& codes, std::int64_t label) {
  const auto members =
      codes.y.defined() ? (codes.y == label).nonzero().flatten() : torch::empty(0, torch::kInt64);
  if (members.numel() == 0)
    throw ConfigError("codes", fmt::format("none of {} items has class {}; take more items, or "
                                           "another class",
                                           codes.z.size(0), label));
  return codes.z.index_select(0, members).to(torch::kFloat64).mean(0);
}

Tensor code_direction(const std::vector<Tensor>& plus, const std::vector<Tensor>& minus) {
  auto direction = torch::zeros_like(plus.empty() ? minus.at(0) : plus[0]);
  for (const auto& mean : plus) direction += mean;
  for (const auto& mean : minus) direction -= mean;
  return direction;
}

CodePlane code_plane(const Tensor& z) {
  check_shape("codes.plane", "z", z, {kAny, kAny});
  CodePlane plane;
  if (z.size(1) > 2) {
    const auto x = z.to(torch::kFloat64);
    plane.centre = x.mean(0);
    const auto centred = x - plane.centre;
    const auto covariance = torch::matmul(centred.t(), centred) / static_cast<double>(x.size(0));
    const auto [variances, directions] = principal_axes(covariance);
    plane.directions = directions.narrow(1, 0, 2);
    if (const double total = variances.sum().item<double>(); total > 0) {
      plane.first_share = variances[0].item<double>() / total;
      plane.second_share = variances[1].item<double>() / total;
    }
  }
  plane.points = plane.place(z);
  return plane;
}

Tensor CodePlane::place(const Tensor& z) const {
  const auto x = z.to(torch::kFloat64);
  if (directions.defined()) return torch::matmul(x - centre, directions);
  return x.size(1) == 2 ? x : torch::cat({x, torch::zeros_like(x)}, 1);
}

}  // namespace kiln

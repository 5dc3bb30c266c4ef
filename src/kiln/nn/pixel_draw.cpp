#include "kiln/nn/pixel_draw.h"

#include <ATen/Parallel.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <vector>

#include "kiln/core/error.h"

namespace kiln {
namespace {

struct Sizes {
  explicit Sizes(const Tensor& x)
      : pictures(x.size(0)), channels(x.size(1)), height(x.size(2)), width(x.size(3)) {}
  std::int64_t at(std::int64_t b, std::int64_t c, std::int64_t row, std::int64_t column) const {
    return ((b * channels + c) * height + row) * width + column;
  }
  std::int64_t pictures, channels, height, width;
};

void tell(const PixelDraw& draw, const Tensor& so_far, std::int64_t drawn, std::int64_t all) {
  if (draw.watch && !draw.watch(so_far, static_cast<double>(drawn) / static_cast<double>(all)))
    throw Interrupted();
}

Tensor plain(const Tensor& t, torch::Dtype type) {
  return t.defined() ? t.to(torch::kCPU, type).contiguous() : t;
}

// Some pictures on their way.
class Group {
 public:
  Group(const PixelDraw& draw, const Tensor& to, std::unique_ptr<PixelStepper> stepper,
        std::int64_t first, std::int64_t count, std::int64_t lanes)
      : draw_(draw),
        to_(to),
        size_(to),
        stepper_(std::move(stepper)),
        first_(first),
        count_(count),
        lanes_(lanes) {}

  void pixel(std::int64_t row, std::int64_t column) {
    if (column == 0) stepper_->begin_row(row);
    float* shown = stepper_->pixels().at(row, column);
    std::fill_n(shown, size_.channels * lanes_, 0.0f);
    std::vector<std::int64_t> states(static_cast<std::size_t>(count_ * size_.channels));
    for (std::int64_t c = 0; c < size_.channels; ++c) {
      const float* outputs = stepper_->outputs(row, column, c);
      for (std::int64_t n = 0; n < count_; ++n) {
        const auto at = size_.at(first_ + n, c, row, column);
        auto* pixel = states.data() + n * size_.channels;
        pixel[c] = number({outputs + n, lanes_, pixel}, c, at, row + column + c == 0);
        to_.data_ptr<float>()[at] = static_cast<float>(pixel[c]);
        shown[c * lanes_ + n] = draw_.law->scaled(pixel[c]);
      }
    }
    if (column == size_.width - 1) stepper_->end_row(row);
  }

 private:
  std::int64_t number(const PixelOutputs& outputs, std::int64_t channel, std::int64_t at,
                      bool very_first) const {
    if (draw_.known.defined() && draw_.known.data_ptr<bool>()[at])
      return static_cast<std::int64_t>(draw_.x.data_ptr<float>()[at]);
    const float uniform = draw_.uniform.data_ptr<float>()[at];
    if (very_first && draw_.first_shares.defined())
      return draw_.law->picked_by(draw_.first_shares, uniform);
    return draw_.law->picked(outputs, channel, uniform, draw_.temperature);
  }

  const PixelDraw& draw_;
  const Tensor& to_;
  Sizes size_;
  std::unique_ptr<PixelStepper> stepper_;
  std::int64_t first_, count_, lanes_;
};

std::vector<Group> groups_of(const PixelDraw& draw, const Tensor& to, const MakeStepper& stepper) {
  const auto pictures = to.size(0);
  const std::int64_t lanes = pictures >= 64 ? 32 : 16;  // enough groups for several threads
  std::vector<Group> groups;
  for (std::int64_t first = 0; first < pictures; first += lanes) {
    const auto count = std::min(lanes, pictures - first);
    groups.emplace_back(draw, to, stepper(first, count, lanes), first, count, lanes);
  }
  return groups;
}

template <class Work>
void for_groups(std::vector<Group>& groups, const Work& work) {
  at::parallel_for(0, static_cast<std::int64_t>(groups.size()), 1,
                   [&](std::int64_t first, std::int64_t last) {
                     for (auto g = first; g < last; ++g) work(groups[static_cast<std::size_t>(g)]);
                   });
}

}  // namespace

Tensor draw_pixels(const PixelDraw& asked, const MakeStepper& stepper) {
  torch::NoGradGuard no_grad;
  auto draw = asked;
  draw.uniform = plain(asked.uniform, torch::kFloat32);
  draw.known = plain(asked.known, torch::kBool);
  draw.x = plain(asked.x, torch::kFloat32);
  const auto to = torch::zeros_like(draw.uniform);
  const Sizes size(to);
  auto groups = groups_of(draw, to, stepper);
  if (!draw.watch) {  // each group for itself, without waiting for the others
    for_groups(groups, [&](Group& group) {
      for (std::int64_t p = 0; p < size.height * size.width; ++p)
        group.pixel(p / size.width, p % size.width);
    });
    return to;
  }
  for (std::int64_t p = 0; p < size.height * size.width; ++p) {
    for_groups(groups, [&](Group& group) { group.pixel(p / size.width, p % size.width); });
    tell(draw, to, p + 1, size.height * size.width);
  }
  return to;
}

Tensor picked_states(const PixelLaw& law, const Tensor& maps, const Tensor& x, std::int64_t channel,
                     std::int64_t row, std::int64_t column, const Tensor& uniform,
                     double temperature) {
  const auto outputs = plain(maps.select(2, row).select(2, column), torch::kFloat32);
  const auto before = plain(x.select(2, row).select(2, column), torch::kInt64);
  const auto given = plain(uniform, torch::kFloat32);
  const auto states = torch::empty_like(given);
  for (std::int64_t b = 0; b < given.size(0); ++b)
    states.data_ptr<float>()[b] =
        static_cast<float>(law.picked({outputs.data_ptr<float>() + b * outputs.size(1), 1,
                                       before.data_ptr<std::int64_t>() + b * before.size(1)},
                                      channel, given.data_ptr<float>()[b], temperature));
  return states;
}

Tensor draw_pixels_naively(const PixelDraw& draw, const std::vector<std::int64_t>& pixels,
                           const std::function<Tensor(const Tensor& scaled)>& maps) {
  torch::NoGradGuard no_grad;
  const Sizes size(draw.uniform);
  auto scaled = torch::zeros_like(draw.uniform), to = torch::zeros_like(draw.uniform);
  std::int64_t drawn = 0;
  for (const auto p : pixels) {
    const auto row = p / size.width, column = p % size.width;
    for (std::int64_t c = 0; c < size.channels; ++c) {
      const auto here = [&](const Tensor& t) {
        return t.select(1, c).select(1, row).select(1, column);
      };
      auto state = picked_states(*draw.law, maps(scaled), to, c, row, column, here(draw.uniform),
                                 draw.temperature)
                       .to(to.options());
      if (p + c == 0 && draw.first_shares.defined())
        state = draw.law->picked_by(draw.first_shares, here(draw.uniform)).to(to.options());
      if (draw.known.defined())
        state =
            torch::where(here(draw.known).to(torch::kBool), here(draw.x).to(to.options()), state);
      here(to).copy_(state);
      here(scaled).copy_(draw.law->scaled(state));
    }
    tell(draw, to, ++drawn, std::ssize(pixels));
  }
  return to;
}

}  // namespace kiln

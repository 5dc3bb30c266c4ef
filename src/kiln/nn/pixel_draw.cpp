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

template <class T>
const T* data(const Tensor& t) {
  return t.defined() ? t.data_ptr<T>() : nullptr;
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
    for (std::int64_t c = 0; c < size_.channels; ++c) {
      const float* outputs = stepper_->outputs(row, column, c);
      for (std::int64_t n = 0; n < count_; ++n) {
        const auto at = size_.at(first_ + n, c, row, column);
        const auto state = number(outputs + n, at, row + column + c == 0);
        to_.data_ptr<float>()[at] = static_cast<float>(state);
        shown[c * lanes_ + n] = draw_.law.scaled(state);
      }
    }
    if (column == size_.width - 1) stepper_->end_row(row);
  }

 private:
  std::int64_t number(const float* outputs, std::int64_t at, bool very_first) const {
    if (draw_.known.defined() && draw_.known.data_ptr<bool>()[at])
      return static_cast<std::int64_t>(draw_.x.data_ptr<float>()[at]);
    const float uniform = draw_.uniform.data_ptr<float>()[at];
    if (very_first && draw_.first_shares.defined())
      return draw_.law.of_shares(draw_.first_shares, uniform);
    return draw_.law.picked(outputs, lanes_, uniform, draw_.temperature);
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

Tensor draw_pixels_naively(const PixelDraw& draw,
                           const std::function<Tensor(const Tensor& scaled)>& maps) {
  torch::NoGradGuard no_grad;
  const Sizes size(draw.uniform);
  auto scaled = Tensor(), to = torch::zeros_like(draw.uniform);
  for (std::int64_t row = 0; row < size.height; ++row)
    for (std::int64_t column = 0; column < size.width; ++column) {
      for (std::int64_t c = 0; c < size.channels; ++c) {
        if (!scaled.defined()) scaled = torch::zeros_like(to);
        const auto here = [&](const Tensor& t) {
          return t.select(1, c).select(1, row).select(1, column);
        };
        const bool very_first = row + column + c == 0 && draw.first_shares.defined();
        auto state = very_first ? draw.law.of_shares(draw.first_shares, here(draw.uniform))
                                : draw.law.picked(maps(scaled), c, row, column, here(draw.uniform),
                                                  draw.temperature);
        state = state.to(to.options());
        if (draw.known.defined())
          state =
              torch::where(here(draw.known).to(torch::kBool), here(draw.x).to(to.options()), state);
        here(to).copy_(state);
        here(scaled).copy_(draw.law.scaled(state));
      }
      tell(draw, to, row * size.width + column + 1, size.height * size.width);
    }
  return to;
}

}  // namespace kiln

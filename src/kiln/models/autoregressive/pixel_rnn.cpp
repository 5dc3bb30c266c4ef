#include "kiln/models/autoregressive/pixel_rnn.h"

#include <torch/types.h>

#include <cmath>

#include "kiln/core/torch_compat.h"

namespace kiln {
namespace {

// A network of pictures as the model sees them.
PixelRnnSizes sizes_of(const PixelRnnOptions& o, std::int64_t height, std::int64_t width) {
  return {.height = height,
          .width = width,
          .kind = o.kind,
          .hidden = o.hidden,
          .layers = o.layers,
          .head = o.head,
          .learned_start = o.initial_state == InitialState::learned,
          .skip = o.skip,
          .given = o.given_size(),
          .guide = o.scales == 2 ? 2 * o.hidden : 0};
}

PixelRnnSizes coarse_sizes_of(const PixelRnnOptions& o, std::int64_t height, std::int64_t width) {
  auto sizes = sizes_of(o, (height + 1) / 2, (width + 1) / 2);
  sizes.guide = 0;
  return sizes;
}

// Every second pixel of every second row of [B, n, H, W].
Tensor every_second(const Tensor& maps) {
  return maps.defined() ? maps.slice(2, 0, kNone, 2).slice(3, 0, kNone, 2) : maps;
}

// `maps` with those of the coarse picture in their places.
Tensor with_coarse(const Tensor& maps, const Tensor& coarse) {
  auto both = maps.clone();
  every_second(both).copy_(coarse);
  return both;
}

// How many pixels are drawn when the second network has gone over `visited` of them.
std::int64_t drawn_after(std::int64_t visited, std::int64_t height, std::int64_t width) {
  const auto rows = visited / width, column = visited % width;
  const auto half = [](std::int64_t n) { return (n + 1) / 2; };
  const auto coarse = half(rows) * half(width) + (rows % 2 == 0 ? half(column) : 0);
  return half(height) * half(width) + visited - coarse;
}

}  // namespace

std::vector<std::pair<InitialState, std::string_view>> enum_names(InitialState) {
  return {{InitialState::learned, "learned"}, {InitialState::zero, "zero"}};
}

PixelRnn::PixelRnn(const PixelRnnOptions& o)
    : PixelModel("pixel_rnn", checked("pixel_rnn", o), nullptr, o.scales),
      network_(*this, "", sizes_of(o, seen_height(), seen_width()), law()) {
  if (o.scales == 1) return;
  coarse_.emplace(*this, "coarse_", coarse_sizes_of(o, seen_height(), seen_width()), law());
  const auto maps = 2 * o.hidden;
  deconv1_ =
      register_module("deconv1", TransposedConv2d(TransposedConv2dOptions{
                                     .in = o.channels, .out = maps, .kernel = 3, .padding = 1}));
  deconv2_ = register_module("deconv2",
                             TransposedConv2d(TransposedConv2dOptions{
                                 .in = maps, .out = maps, .kernel = 4, .stride = 2, .padding = 1}));
}

// coarse [B, C, h, w], scaled: the deconvolutions may give a row or a column too much.
PixelRnnGiven PixelRnn::guided(const Tensor& coarse, const Tensor& given) {
  const auto u = torch::relu(deconv2_(torch::relu(deconv1_(coarse))));
  const auto fitted = u.slice(2, 0, seen_height()).slice(3, 0, seen_width());
  return {.numbers = given, .guide = fitted.permute({0, 2, 3, 1}).contiguous()};
}

Tensor PixelRnn::maps(const Tensor& scaled, const Tensor& given) {
  if (!coarse_) return network_.maps(scaled, {.numbers = given});
  const auto coarse = every_second(scaled).contiguous();
  return with_coarse(network_.maps(scaled, guided(coarse, given)),
                     coarse_->maps(coarse, {.numbers = given}));
}

std::unique_ptr<PixelStepper> PixelRnn::stepper(const Tensor& given, std::int64_t lanes) {
  return network_.stepper({.numbers = given}, lanes);
}

Tensor PixelRnn::stepped_coarse(const PixelDraw& draw, const Tensor& given) {
  auto part = draw;
  part.uniform = every_second(draw.uniform);
  part.known = every_second(draw.known);
  part.x = every_second(draw.x);
  const auto pixels = static_cast<double>(part.uniform.size(2) * part.uniform.size(3));
  const double of_all = pixels / static_cast<double>(seen_height() * seen_width());
  if (draw.watch)
    part.watch = [&](const Tensor& so_far, double share) {
      return draw.watch(with_coarse(torch::zeros_like(draw.uniform), so_far), share * of_all);
    };
  return draw_pixels(part, [&](std::int64_t first, std::int64_t count, std::int64_t lanes) {
    return coarse_->stepper({.numbers = rows_of(given, first, count)}, lanes);
  });
}

Tensor PixelRnn::stepped(const PixelDraw& draw, const Tensor& given) {
  if (!coarse_) return PixelModel::stepped(draw, given);
  const auto coarse = stepped_coarse(draw, given);
  auto rest = draw;
  const auto none = torch::zeros_like(draw.uniform);
  rest.first_shares = Tensor();
  rest.known = with_coarse(draw.known.defined() ? draw.known.to(none.options()) : none,
                           torch::ones_like(coarse));
  rest.x = with_coarse(draw.x.defined() ? draw.x.to(none.options()) : none, coarse);
  const auto pixels = static_cast<double>(seen_height() * seen_width());
  if (draw.watch)
    rest.watch = [&](const Tensor& so_far, double share) {
      const auto drawn = drawn_after(std::llround(share * pixels), seen_height(), seen_width());
      return draw.watch(with_coarse(so_far, coarse), static_cast<double>(drawn) / pixels);
    };
  const auto shown = law().scaled(coarse);
  return draw_pixels(rest, [&](std::int64_t first, std::int64_t count, std::int64_t lanes) {
    std::vector<Tensor> guides;  // one by one: what a picture gets does not depend on the others
    for (auto n = first; n < first + count; ++n)
      guides.push_back(guided(shown.narrow(0, n, 1), {}).guide);
    return network_.stepper({.numbers = rows_of(given, first, count), .guide = torch::cat(guides)},
                            lanes);
  });
}

std::vector<RecipeFor<PixelRnnOptions>> PixelRnn::recipes() {
  return {{"all data",
           always<PixelRnnOptions>,
           {{"batch", "16"},
            {"epochs", "6"},
            {"least_steps", "3000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.0015"},
            {"ema", "0.999"}}}};
}

}  // namespace kiln

#pragma once

#include <functional>
#include <memory>

#include "kiln/nn/lane_network.h"
#include "kiln/nn/pixel_law.h"

namespace kiln {

/// A network of pictures that goes on by one number at a time and keeps what it needs of those
/// before: what is new costs one column of work in each layer.  Rows come from the top, pixels from
/// the left, channels in their order.
class PixelStepper {
 public:
  virtual ~PixelStepper() = default;
  /// Where each new number is put, scaled, before the next step: [channels, lanes].
  virtual LaneRows& pixels() = 0;
  virtual void begin_row(std::int64_t row) { static_cast<void>(row); }
  /// All output maps, [O, lanes], of which those are up to date that the law of this channel needs;
  /// good until the next step.
  virtual const float* outputs(std::int64_t row, std::int64_t column, std::int64_t channel) = 0;
  virtual void end_row(std::int64_t row) { static_cast<void>(row); }
};

/// Draws of pictures number by number.  B pictures, C, H, W.
struct PixelDraw {
  const PixelLaw* law = nullptr;
  Tensor uniform = {};       ///< [B, C, H, W] in [0, 1).
  double temperature = 1;    ///< Above 0.
  Tensor known = {};         ///< [B, C, H, W]: where it is not 0, x stays; undefined: nowhere.
  Tensor x = {};             ///< [B, C, H, W] of whole numbers; read where it is known.
  Tensor first_shares = {};  ///< [q]: the law of the very first number; undefined: the network's.
  /// As of SampleRequest; asked after every pixel.
  std::function<bool(const Tensor& so_far, double share)> watch = {};
};

/// Makes a stepper for the pictures [first, first + count), which fill the first lanes.
using MakeStepper = std::function<std::unique_ptr<PixelStepper>(
    std::int64_t first, std::int64_t count, std::int64_t lanes)>;

/// By steppers, each with some pictures, on all threads: [B, C, H, W] float32.  What a picture gets
/// does not depend on the others.  Throws Interrupted where `watch` says so.
Tensor draw_pixels(const PixelDraw& draw, const MakeStepper& stepper);

/// The state of number (channel, row, column) of each picture, [B] float32 on the CPU: maps [B, O,
/// H, W], x [B, C, H, W] of which the channels before are read, uniform [B].
Tensor picked_states(const PixelLaw& law, const Tensor& maps, const Tensor& x, std::int64_t channel,
                     std::int64_t row, std::int64_t column, const Tensor& uniform,
                     double temperature);

/// The naive way: a full pass over the pictures for every number, pixels row W + column in the
/// order of `pixels`.  `maps`: [B, C, H, W] scaled -> [B, O, H, W]; numbers that are not drawn yet
/// are 0 there.
Tensor draw_pixels_naively(const PixelDraw& draw, const std::vector<std::int64_t>& pixels,
                           const std::function<Tensor(const Tensor& scaled)>& maps);

}  // namespace kiln

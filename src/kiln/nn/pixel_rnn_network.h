#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kiln/kernels/lstm_scan.h"
#include "kiln/nn/pixel_draw.h"
#include "kiln/nn/pixel_head.h"

namespace kiln {

/// How the LSTMs of a PixelRNN go over a picture.
enum class PixelRnnKind {
  row,      ///< A row at once, each cell from three of the row above: a triangle is seen.
  diagonal  ///< Two LSTMs along diagonals, from either side: all pixels before are seen.
};
std::vector<std::pair<PixelRnnKind, std::string_view>> enum_names(PixelRnnKind);

/// The sizes of a PixelRNN's network, for pictures as it sees them.
struct PixelRnnSizes {
  std::int64_t height = 0, width = 0;
  PixelRnnKind kind = PixelRnnKind::diagonal;
  std::int64_t hidden = 16;  ///< h
  std::int64_t layers = 7;
  std::int64_t head = 32;
  bool learned_start = true;  ///< Whether the LSTMs' first states are weights, or 0.
  bool skip = false;          ///< Whether each layer goes to the head directly, too.
  std::int64_t given = 0;     ///< K, numbers that all pixels are given.
  std::int64_t guide = 0;     ///< G, maps that each pixel is given of its own.
};

/// What a picture is given beside its own pixels.
struct PixelRnnGiven {
  Tensor numbers = {};  ///< [B, K], or undefined.
  Tensor guide = {};    ///< [B, H, W, G], or undefined.
};

/// The layers of a PixelRNN, from pictures to the outputs of their pixels' laws; see pixel_rnn.h.
class PixelRnnNetwork {
 public:
  /// Its weights become those of `owner`, each name behind `prefix`.
  PixelRnnNetwork(torch::nn::Module& owner, const std::string& prefix, const PixelRnnSizes& sizes,
                  const PixelLaw& law);

  /// scaled [B, C, H, W] -> [B, O, H, W].
  Tensor maps(const Tensor& scaled, const PixelRnnGiven& given);
  /// The same network step by step.
  std::unique_ptr<PixelStepper> stepper(const PixelRnnGiven& given, std::int64_t lanes) const;

 private:
  struct Scan {
    MaskedConv2d input;           // K_is
    Tensor K;                     // K_ss [taps, h, 4h]
    Tensor h0, c0;                // undefined: 0
    Tensor label;                 // [K, 4h], where numbers are given
    MaskedConv2d guide{nullptr};  // G -> 4h, where maps are given
    LstmPath path;
  };
  struct Layer {
    std::vector<Scan> scans;  // one of rows, or from the left and from the right
    MaskedConv2d up{nullptr}, skip{nullptr};
  };
  class Stepper;

  Scan make_scan(torch::nn::Module& owner, const std::string& name, LstmPath path) const;
  Layer make_layer(torch::nn::Module& owner, const std::string& name) const;
  static Tensor scanned(Scan& scan, const Tensor& y, const PixelRnnGiven& given);

  PixelRnnSizes sizes_;
  std::int64_t channels_;
  MaskedConv2d first_;
  std::vector<Layer> layers_;
  PixelHead head_;
};

}  // namespace kiln

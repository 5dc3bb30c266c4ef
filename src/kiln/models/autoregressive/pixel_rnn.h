#pragma once

#include <optional>

#include "kiln/models/pixel_model.h"
#include "kiln/nn/pixel_rnn_network.h"
#include "kiln/nn/transposed_conv.h"

namespace kiln {

/// The states of an LSTM before the first cell.
enum class InitialState { learned, zero };
std::vector<std::pair<InitialState, std::string_view>> enum_names(InitialState);

struct PixelRnnOptions : PixelOptions {
  PixelRnnKind kind = PixelRnnKind::diagonal;
  std::int64_t hidden = 16;  // h
  std::int64_t layers = 7;   // L
  std::int64_t head = 32;
  InitialState initial_state = InitialState::learned;
  bool skip = false;
  std::int64_t scales = 1;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_pixels(self, visit);
    visit("kind", self.kind, Field{.help = "row: Row LSTM; diagonal: Diagonal BiLSTM"});
    visit(
        "hidden", self.hidden,
        Field{
            .help = "units of an LSTM; twice as many maps between layers", .low = 1, .high = 1024});
    visit("layers", self.layers, Field{.help = "LSTM layers", .low = 1, .high = 32});
    visit("head", self.head,
          Field{.help = "maps of the two hidden layers before the logits", .low = 1, .high = 4096});
    visit("initial_state", self.initial_state, Field{.help = "of the LSTMs: learned or zero"});
    visit("skip", self.skip, Field{.help = "connect every layer to the head directly too"});
    visit("scales", self.scales,
          Field{.help = "2: every second pixel of every second row first, then the others given "
                        "all of those",
                .low = 1,
                .high = 2});
  }
};

/// PixelRNN: LSTMs over the pixels of a picture.  van den Oord, Kalchbrenner & Kavukcuoglu 2016,
/// arXiv:1601.06759, section 3.
///
///   y_0 = conv7x7_A(x),   y_l = y_{l-1} + 1x1(LSTM(K_is y_{l-1}))
///   logits = 1x1(relu(1x1(relu(1x1(relu(y_L))))))
///   o, f, i, g of a cell = K_is y + K_ss h of cells before;  c = f c_before + i g;  h = o tanh(c)
///
/// Row LSTM: K_is reads a pixel and the one before, K_ss three cells of the row above.  Diagonal
/// BiLSTM: K_ss reads the cell above and the one before; the sum of the scan from the left and, one
/// row further down, of the one from the right: at its own row that one knows pixels still to come.
/// Its first convolution finds the end of the row above to the left of a row (MaskedConvOptions'
/// wrap): of the pixel before a row's first one, no cell of either scan would know otherwise.
/// With condition label, V_y is added to the gates.
///
/// Two scales, the paper's Multi-Scale PixelRNN: s = every second pixel of every second row, by a
/// network of its own; then the other pixels, each given s and those of them before it.
///
///   p(x) = p(s) prod_{i not in s} p(x_i | s, x_<i)
///   u = relu(deconv4x4(relu(deconv3x3(s)))), as large as x;   gates + W u at every cell
///
/// Shapes: as of PixelModel; h units, 2h maps between layers.
/// Differs from the paper: the end of the row above; Adam instead of RMSProp; pixels are shown as
/// -1 .. 1; with two scales the second network has a law for the other pixels alone, so that the
/// product is the density of x.
class PixelRnn : public PixelModel {
 public:
  using Options = PixelRnnOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit PixelRnn(const PixelRnnOptions& options);  ///< Throws ConfigError.

 protected:
  Tensor maps(const Tensor& scaled, const Tensor& given) override;
  std::unique_ptr<PixelStepper> stepper(const Tensor& given, std::int64_t lanes) override;
  Tensor stepped(const PixelDraw& draw, const Tensor& given) override;

 private:
  PixelRnnGiven guided(const Tensor& coarse, const Tensor& given);
  Tensor stepped_coarse(const PixelDraw& draw, const Tensor& given);

  PixelRnnNetwork network_;
  std::optional<PixelRnnNetwork> coarse_;                 // of two scales: of s
  TransposedConv2d deconv1_{nullptr}, deconv2_{nullptr};  // from s to u
};

}  // namespace kiln

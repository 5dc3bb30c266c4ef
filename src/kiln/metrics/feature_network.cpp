#include "kiln/metrics/feature_network.h"

#include <fmt/format.h>
#include <torch/script.h>

#include "kiln/core/error.h"
#include "kiln/kernels/convolution.h"
#include "kiln/nn/eval_scope.h"

namespace kiln {
namespace {

// The first line of an interpreter's error, which is the one that says something.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

class ScriptedNetwork : public FeatureNetwork {
 public:
  ScriptedNetwork(const std::filesystem::path& file, std::optional<std::int64_t> side)
      : file_(file.string()), side_(side), name_(file.filename().string()) {
    if (!std::filesystem::is_regular_file(file))
      throw IoError(file_, "is no file; name a TorchScript file");
    onednn_convolutions_hold();
    try {
      module_ = torch::jit::load(file_);
      module_.eval();
    } catch (const c10::Error& error) {
      throw IoError(file_, fmt::format("is no TorchScript file: {}",
                                       first_line(error.what_without_backtrace())));
    }
    if (side_) name_ += fmt::format(", images resized to {0}x{0}", *side_);
  }

  const std::string& name() const override { return name_; }
  Tensor features(const Tensor& x) override { return run(x).first; }
  Tensor class_log_probs(const Tensor& x) override {
    const auto logits = run(x).second;
    if (!logits.defined())
      throw ConfigError("features", fmt::format("{} gives features and no class logits", file_));
    return at::log_softmax(logits, 1);
  }

 private:
  std::pair<Tensor, Tensor> run(const Tensor& x) {
    torch::NoGradGuard no_grad;
    auto images = x.to(torch::kFloat32);
    if (side_)
      images = at::_upsample_bilinear2d_aa(images, {*side_, *side_}, /*align_corners=*/false);
    const auto out = forward(images);
    if (!out.isTuple()) return {flat(out), {}};
    const auto parts = out.toTuple()->elements();
    if (parts.size() != 2) fail("gives a tuple that is not features and logits");
    const auto logits = flat(parts[1]);
    return {flat(parts[0]), logits};
  }

  torch::jit::IValue forward(const Tensor& x) {
    try {
      return module_.forward({grey_as_colour_ ? x.expand({-1, 3, -1, -1}) : x});
    } catch (const std::exception& error) {
      if (x.size(1) != 1 || grey_as_colour_) fail(first_line(error.what()));
      grey_as_colour_ = true;
      name_ += ", grey as three channels";
      return forward(x);
    }
  }

  Tensor flat(const torch::jit::IValue& value) const {
    if (!value.isTensor() || value.toTensor().dim() < 2) fail("gives no tensor [B, F]");
    return value.toTensor().flatten(1);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw IoError(file_, fmt::format("cannot judge images: {}", what));
  }

  std::string file_;
  std::optional<std::int64_t> side_;
  std::string name_;
  torch::jit::Module module_;
  bool grey_as_colour_ = false;
};

}  // namespace

std::shared_ptr<FeatureNetwork> scripted_network(const std::filesystem::path& file,
                                                 std::optional<std::int64_t> side) {
  return std::make_shared<ScriptedNetwork>(file, side);
}

Tensor in_unit_range(const Tensor& x, ValueSet values) {
  if (values.kind == Values::real)
    throw ConfigError("features",
                      "networks judge images, and this model's items are numbers "
                      "without a range");
  return ((x - values.low()) / (values.high() - values.low())).clamp(0, 1);
}

}  // namespace kiln

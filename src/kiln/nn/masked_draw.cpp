#include "kiln/nn/masked_draw.h"

#include <ATen/Parallel.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "kiln/kernels/degree_scan_simd.h"

namespace kiln {
namespace {

constexpr std::int64_t kBlock = simd::kDegreeBlock;

// counts[m] = units of degree <= m, m = 0 .. dims.
std::vector<std::int64_t> counts_upto(const Tensor& degrees, std::int64_t dims) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(dims) + 1, 0);
  const auto* values = degrees.data_ptr<std::int32_t>();
  for (std::int64_t u = 0; u < degrees.size(0); ++u) ++counts[static_cast<std::size_t>(values[u])];
  for (std::size_t m = 1; m < counts.size(); ++m) counts[m] += counts[m - 1];
  return counts;
}

// The arrays behind one mask set, as the kernel reads them.
struct KernelView {
  explicit KernelView(const DegreeOrdered& set) {
    auto below = static_cast<std::size_t>(set.order.size(0));
    network.dims = below;
    for (const auto& layer : set.layers) {
      layers.push_back(
          {layer.weight.data_ptr<float>(), layer.bias.data_ptr<float>(), layer.upto.data(), below});
      below = static_cast<std::size_t>(layer.weight.size(0));
      units.push_back(static_cast<std::int64_t>(below));
    }
    network.layers = layers.data();
    network.layer_count = layers.size();
    network.output = set.output.defined() ? set.output.data_ptr<float>() : nullptr;
    network.output_units = below;
    network.output_bias = set.output_bias.data_ptr<float>();
    network.direct = set.direct.defined() ? set.direct.data_ptr<float>() : nullptr;
    network.activation = set.activation == MaskedActivation::relu ? simd::DegreeActivation::relu
                         : set.activation == MaskedActivation::sigmoid
                             ? simd::DegreeActivation::sigmoid
                             : simd::DegreeActivation::tanh;
  }
  KernelView(const KernelView&) = delete;

  simd::DegreeNetwork network{};
  std::vector<simd::DegreeLayer> layers;
  std::vector<std::int64_t> units;
};

// A block of samples in one mask set: its activations and the log-probability of what was drawn.
class Block {
 public:
  explicit Block(const KernelView& view) : view_(view) {
    tensors_.push_back(torch::zeros({static_cast<std::int64_t>(view.network.dims), kBlock}));
    for (const auto units : view.units) tensors_.push_back(torch::empty({units, kBlock}));
    for (auto& tensor : tensors_) values_.push_back(tensor.data_ptr<float>());
  }

  // Adds this set's share to the block's probabilities, in parts of e^largest.
  void add(std::size_t place, double temperature, const double* largest, double* ones,
           double* weights) {
    simd::degree_logits(view_.network, place, values_.data(), logits_);
    for (std::int64_t s = 0; s < kBlock; ++s) {
      logits_[s] = static_cast<float>(logits_[s] / temperature);
      const double weight = std::exp(evidence_[s] - largest[s]);
      ones[s] += weight / (1 + std::exp(-static_cast<double>(logits_[s])));
      weights[s] += weight;
    }
  }

  void observe(std::size_t place, const float* x, bool one_of_several) {
    std::copy_n(x, kBlock, values_[0] + place * simd::kDegreeBlock);
    for (std::int64_t s = 0; one_of_several && s < kBlock; ++s) {
      const double against = x[s] == 1 ? -logits_[s] : logits_[s];  // -log p = softplus of it
      evidence_[s] -= std::max(against, 0.0) + std::log1p(std::exp(-std::abs(against)));
    }
    simd::degree_observe(view_.network, place, values_.data());
  }

  double evidence(std::int64_t s) const { return evidence_[s]; }

 private:
  const KernelView& view_;
  std::vector<Tensor> tensors_;
  std::vector<float*> values_;
  alignas(64) float logits_[kBlock] = {};
  double evidence_[kBlock] = {};
};

// `count` samples: uniform and x are [count, D], the places of x in `order`.
void draw_block(const std::vector<std::unique_ptr<KernelView>>& views, const std::int64_t* order,
                std::int64_t dims, std::int64_t count, double temperature, const float* uniform,
                float* x) {
  std::vector<Block> blocks;
  for (const auto& view : views) blocks.emplace_back(*view);
  for (std::int64_t i = 0; i < dims; ++i) {
    double largest[kBlock], ones[kBlock] = {}, weights[kBlock] = {};
    for (std::int64_t s = 0; s < kBlock; ++s) {
      largest[s] = blocks[0].evidence(s);
      for (const auto& block : blocks) largest[s] = std::max(largest[s], block.evidence(s));
    }
    const auto place = static_cast<std::size_t>(i);
    for (auto& block : blocks) block.add(place, temperature, largest, ones, weights);
    float drawn[kBlock] = {};
    for (std::int64_t s = 0; s < count; ++s) {
      const auto at = s * dims + order[i];
      drawn[s] = x[at] = uniform[at] < static_cast<float>(ones[s] / weights[s]) ? 1.0f : 0.0f;
    }
    for (auto& block : blocks) block.observe(place, drawn, blocks.size() > 1);
  }
}

bool kernel_serves(const std::vector<DegreeOrdered>& sets) {
  const auto& bias = sets.front().output_bias;
  return bias.device().is_cpu() && bias.scalar_type() == torch::kFloat32;
}

}  // namespace

DegreeOrdered::DegreeOrdered(const MaskedNetwork& network, const Degrees& degrees)
    : activation(network.activation), order(degrees.order.to(network.output_bias.device())) {
  torch::NoGradGuard no_grad;
  auto below = order;  // the places of the layer below, by rising degree
  for (std::size_t l = 1; l <= network.weights.size(); ++l) {
    const auto sorted = torch::argsort(degrees.layers[l]).to(order.device());
    layers.push_back({network.weights[l - 1].index_select(0, sorted).index_select(1, below),
                      network.biases[l - 1].index_select(0, sorted).unsqueeze(1),
                      counts_upto(degrees.layers[l], order.size(0))});
    below = sorted;
  }
  output_bias = network.output_bias.index_select(0, order);
  if (network.output.defined())
    output = network.output.index_select(0, order).index_select(1, below);
  if (network.direct.defined())
    direct = network.direct.index_select(0, order).index_select(1, order);
}

DegreeOrderedPass::DegreeOrderedPass(const DegreeOrdered& network, std::int64_t batch)
    : network_(network) {
  const auto options = network.output_bias.options().requires_grad(false);
  values_.push_back(torch::zeros({network.order.size(0), batch}, options));
  for (const auto& layer : network.layers)
    values_.push_back(torch::empty({layer.weight.size(0), batch}, options));
}

// Place i has degree i + 1: its logit sees the units of degree <= i and the first i inputs.
Tensor DegreeOrderedPass::logit(std::int64_t place) const {
  torch::NoGradGuard no_grad;
  auto logit = network_.output_bias[place].expand({values_[0].size(1)}).clone();
  if (network_.output.defined()) {
    const auto seen = network_.layers.back().upto[static_cast<std::size_t>(place)];
    logit.addmv_(values_.back().slice(0, 0, seen).t(), network_.output[place].slice(0, 0, seen));
  }
  if (network_.direct.defined())
    logit.addmv_(values_[0].slice(0, 0, place).t(), network_.direct[place].slice(0, 0, place));
  return logit;
}

void DegreeOrderedPass::observe(std::int64_t place, const Tensor& x) {
  torch::NoGradGuard no_grad;
  values_[0][place].copy_(x);
  const auto degree = static_cast<std::size_t>(place + 1);
  auto seen = place + 1;  // units of the layer below that are final
  for (std::size_t l = 0; l < network_.layers.size(); ++l) {
    const auto& [weight, bias, upto] = network_.layers[l];
    const auto first = upto[degree - 1], last = upto[degree];
    if (last > first) {
      const auto a =
          torch::addmm(bias.slice(0, first, last), weight.slice(0, first, last).slice(1, 0, seen),
                       values_[l].slice(0, 0, seen));
      values_[l + 1].slice(0, first, last).copy_(masked_activation(a, network_.activation));
    }
    seen = last;
  }
}

Tensor draw_masked(const std::vector<DegreeOrdered>& sets, const Tensor& uniform,
                   double temperature) {
  if (!kernel_serves(sets) || !uniform.device().is_cpu())
    return draw_masked_plain(sets, uniform, temperature);
  torch::NoGradGuard no_grad;
  std::vector<std::unique_ptr<KernelView>> views;
  for (const auto& set : sets) views.push_back(std::make_unique<KernelView>(set));
  const auto u = uniform.to(torch::kFloat32).contiguous();
  const auto x = torch::empty_like(u);
  const auto batch = u.size(0), dims = u.size(1);
  at::parallel_for(0, (batch + kBlock - 1) / kBlock, 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto block = begin; block < end; ++block) {
      const auto first = block * kBlock;
      draw_block(views, sets.front().order.data_ptr<std::int64_t>(), dims,
                 std::min(kBlock, batch - first), temperature, u.data_ptr<float>() + first * dims,
                 x.data_ptr<float>() + first * dims);
    }
  });
  return x;
}

Tensor draw_masked_plain(const std::vector<DegreeOrdered>& sets, const Tensor& uniform,
                         double temperature) {
  torch::NoGradGuard no_grad;
  std::vector<DegreeOrderedPass> passes;
  for (const auto& set : sets) passes.emplace_back(set, uniform.size(0));
  const auto& bias = sets.front().output_bias;
  const auto& order = sets.front().order;
  const auto waiting = uniform.to(bias).index_select(1, order).t();  // [D, B]
  const auto drawn = torch::empty_like(waiting);
  auto evidence = torch::zeros({static_cast<std::int64_t>(sets.size()), uniform.size(0)},
                               bias.options().dtype(torch::kDouble));
  for (std::int64_t i = 0; i < order.size(0); ++i) {
    std::vector<Tensor> logits;
    for (const auto& pass : passes) logits.push_back(pass.logit(i));
    const auto logit = torch::stack(logits) / temperature;
    const auto probs = (torch::softmax(evidence, 0) * torch::sigmoid(logit)).sum(0);
    const auto x = waiting[i].lt(probs).to(bias.scalar_type());
    drawn[i].copy_(x);
    for (auto& pass : passes) pass.observe(i, x);
    if (sets.size() > 1) evidence += x * logit - torch::softplus(logit);
  }
  return torch::empty_like(drawn).index_copy_(0, order, drawn).t().contiguous();
}

}  // namespace kiln

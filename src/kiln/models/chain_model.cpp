#include "kiln/models/chain_model.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "kiln/core/check.h"

namespace kiln {
namespace {

template <class T>
std::span<T> row_of(const Tensor& rows, std::int64_t index) {
  const auto size = static_cast<std::size_t>(rows.size(1));
  return {rows.data_ptr<std::remove_const_t<T>>() + static_cast<std::size_t>(index) * size, size};
}

}  // namespace

ChainModel::ChainModel(std::string name, const DiscreteShape& shape,
                       const std::vector<std::int64_t>& order)
    : name_(std::move(name)), states_(shape.states), items_(name_, shape, order) {}

Tensor ChainModel::register_counts(const std::string& name, at::IntArrayRef sizes) {
  return register_buffer(name, torch::zeros(sizes, torch::kInt64));
}

std::span<std::int64_t> ChainModel::numbers_of(const Tensor& counts) {
  return {counts.data_ptr<std::int64_t>(), static_cast<std::size_t>(counts.numel())};
}

std::int64_t ChainModel::version() const {
  std::int64_t sum = 0;
  for (const auto& counts : buffers()) sum += static_cast<std::int64_t>(counts._version());
  return sum;
}

const MarkovChain& ChainModel::law() const {
  if (!law_ || law_version_ != version()) law_ = fit(), law_version_ = version();
  return *law_;
}

void ChainModel::begin_pass() {
  for (auto& counts : buffers()) counts.zero_();
}

void ChainModel::observe(const Batch& batch) {
  const auto x = items_.visited("observe", "x", batch.x);
  items_.check_states("observe", x);
  for (std::int64_t b = 0; b < x.size(0); ++b) count(row_of<const float>(x, b));
  law_.reset();
}

double ChainModel::loss() const { return -log_likelihood() / static_cast<double>(counted()); }

Tensor ChainModel::log_prob(const Batch& batch) { return log_conditionals(batch).sum(1); }

Tensor ChainModel::log_conditionals(const Batch& batch) {
  const auto rows = items_.visited("log_conditionals", "x", batch.x);
  items_.check_states("log_conditionals", rows);
  auto terms = torch::empty(rows.sizes(), torch::kFloat64);
  const auto& chain = law();
  for (std::int64_t b = 0; b < rows.size(0); ++b)
    chain.log_conditionals(row_of<const float>(rows, b), row_of<double>(terms, b));
  return items_.natural(terms).to(batch.x.device());
}

Tensor ChainModel::draw_samples(const SampleRequest& request, Rng& rng) {
  const auto uniform = rng.uniform({request.count, items_.size()});
  if (request.temperature == 1) return items_.shaped(draw(uniform));
  const auto chain = tempered(request.temperature);
  const auto u = items_.visited("sample", "uniform", uniform);
  auto x = torch::empty_like(u);
  for (std::int64_t b = 0; b < u.size(0); ++b)
    chain.draw(row_of<const float>(u, b), row_of<float>(x, b));
  return items_.shaped(items_.natural(x).to(uniform.device()));
}

Tensor ChainModel::draw(const Batch& uniform) {
  const auto u = items_.visited("draw", "uniform", uniform.x);
  auto x = torch::empty_like(u);
  const auto& chain = law();
  for (std::int64_t b = 0; b < u.size(0); ++b)
    chain.draw(row_of<const float>(u, b), row_of<float>(x, b));
  return items_.natural(x).to(uniform.x.device());
}

Tensor ChainModel::draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) {
  const auto rows = items_.visited("draw_one", "x", batch.x);
  const auto u = uniform.to(torch::kCPU, torch::kFloat32).contiguous();
  auto values = torch::empty_like(u);
  const auto& chain = law();
  for (std::int64_t b = 0; b < u.size(0); ++b)
    values.data_ptr<float>()[b] =
        chain.draw_one(row_of<const float>(rows, b), items_.step_of(d), u.data_ptr<float>()[b]);
  return values.to(batch.x.device());
}

Tensor ChainModel::complete(const Batch& batch, const Tensor& known, Rng& rng) {
  const auto mask = items_.visited("complete", "known", known).ne(0);
  const auto rows = items_.visited("complete", "x", batch.x);
  check_shape(name_ + ".complete", "known", mask, {rows.size(0), items_.size()});
  auto drawn = torch::where(mask, rows, torch::zeros_like(rows)).contiguous();
  items_.check_states("complete", drawn);
  const auto given = mask.to(torch::kUInt8);
  const auto u = items_.visited("complete", "uniform", rng.uniform(rows.sizes()));
  const auto& chain = law();
  for (std::int64_t b = 0; b < rows.size(0); ++b)
    kiln::complete(chain, {row_of<const float>(drawn, b), row_of<const std::uint8_t>(given, b)},
                   row_of<const float>(u, b), row_of<float>(drawn, b));
  return items_.natural(drawn).to(batch.x.device()).reshape(batch.x.sizes());
}

}  // namespace kiln

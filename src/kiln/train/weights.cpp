#include "kiln/train/weights.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace kiln {
namespace {

const std::vector<std::pair<torch::ScalarType, const char*>> kTypes{
    {torch::kFloat32, "F32"},   {torch::kFloat64, "F64"}, {torch::kFloat16, "F16"},
    {torch::kBFloat16, "BF16"}, {torch::kInt64, "I64"},   {torch::kInt32, "I32"},
    {torch::kInt16, "I16"},     {torch::kInt8, "I8"},     {torch::kUInt8, "U8"},
    {torch::kBool, "BOOL"}};

const char* type_name(torch::ScalarType type) {
  for (const auto& [candidate, name] : kTypes)
    if (candidate == type) return name;
  throw ShapeError("checkpoint",
                   fmt::format("cannot store tensors of type {}", c10::toString(type)));
}

void copy_into(const std::string& source, const RawTensor& raw, const Tensor& target) {
  if (raw.dtype != type_name(target.scalar_type()) || at::IntArrayRef(raw.shape) != target.sizes())
    throw IoError(
        source,
        fmt::format(
            "tensor '{}' is {} [{}], the model needs {} [{}]; the file belongs to another model",
            raw.name, raw.dtype, fmt::join(raw.shape, ", "), type_name(target.scalar_type()),
            fmt::join(target.sizes().begin(), target.sizes().end(), ", ")));
  auto host = torch::empty(raw.shape, target.scalar_type());
  if (!raw.bytes.empty()) std::memcpy(host.data_ptr(), raw.bytes.data(), raw.bytes.size());
  torch::NoGradGuard no_grad;
  target.detach().copy_(host);
}

}  // namespace

void append_tensors(SafetensorsFile& file, const std::string& prefix,
                    const std::vector<NamedTensor>& tensors) {
  for (const auto& [name, tensor] : tensors) {
    const auto host = tensor.detach().to(torch::kCPU).contiguous();
    const auto* bytes = static_cast<const std::uint8_t*>(host.data_ptr());
    file.tensors.push_back({prefix + name,
                            type_name(host.scalar_type()),
                            host.sizes().vec(),
                            {bytes, bytes + host.nbytes()}});
  }
}

void load_tensors(const std::string& source, const SafetensorsFile& file, const std::string& prefix,
                  const std::vector<NamedTensor>& tensors) {
  std::map<std::string, const RawTensor*> by_name;
  for (const auto& raw : file.tensors) by_name.emplace(raw.name, &raw);
  for (const auto& [name, tensor] : tensors) {
    const auto found = by_name.find(prefix + name);
    if (found == by_name.end())
      throw IoError(source, fmt::format("has no tensor '{}'; the file belongs to another model",
                                        prefix + name));
    copy_into(source, *found->second, tensor);
  }
}

std::vector<NamedTensor> weights_of(const Model& model) {
  std::vector<NamedTensor> list;
  for (const auto& entry : model.named_parameters()) list.push_back({entry.key(), entry.value()});
  for (const auto& entry : model.named_buffers()) list.push_back({entry.key(), entry.value()});
  return list;
}

void load_weights(const std::string& source, const SafetensorsFile& file, Model& model,
                  bool averaged) {
  load_tensors(source, file, "", weights_of(model));
  if (!averaged) return;
  std::vector<NamedTensor> with_average;
  for (const auto& entry : model.named_parameters())
    if (std::any_of(file.tensors.begin(), file.tensors.end(),
                    [&](const RawTensor& raw) { return raw.name == "ema/" + entry.key(); }))
      with_average.push_back({entry.key(), entry.value()});
  load_tensors(source, file, "ema/", with_average);
}

}  // namespace kiln

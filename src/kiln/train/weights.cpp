#include "kiln/train/weights.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <regex>
#include <set>

namespace kiln {
namespace {

const std::string kTraining = "training/", kConstants = "constants/";
const std::string kState = kTraining + "state/";

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

// What a tensor of a critic was called before its layers were modules; empty for any other.
std::string older_name(const std::string& name) {
  static const std::regex layer(R"((.*)layers[._](\d+)[._](weight|bias|u|v)(/.*)?)");
  static const std::regex label(R"((.*)embedding[._]weight(/.*)?)");
  std::smatch parts;
  if (std::regex_match(name, parts, layer))
    return parts[1].str() + parts[3].str() + parts[2].str() + parts[4].str();
  if (std::regex_match(name, parts, label)) return parts[1].str() + "embedding" + parts[2].str();
  return "";
}

// The tensors of a file, also under the names that they bear today.
class TensorsByName {
 public:
  explicit TensorsByName(const SafetensorsFile& file) {
    for (const auto& raw : file.tensors) tensors_.emplace(raw.name, &raw);
  }
  const RawTensor* find(const std::string& name) const {
    if (const auto found = tensors_.find(name); found != tensors_.end()) return found->second;
    const auto found = tensors_.find(older_name(name));
    return found == tensors_.end() ? last_power_vector(name) : found->second;
  }

 private:
  // The vectors of an embedding were counted on from those of the layers.
  const RawTensor* last_power_vector(const std::string& name) const {
    for (const auto* which : {"u", "v"}) {
      const auto ending = std::string("embedding.") + which;
      if (!name.ends_with(ending)) continue;
      const auto stem = name.substr(0, name.size() - ending.size()) + which;
      const RawTensor* last = nullptr;
      for (int i = 0; tensors_.contains(stem + std::to_string(i)); ++i)
        last = tensors_.at(stem + std::to_string(i));
      return last;
    }
    return nullptr;
  }

  std::map<std::string, const RawTensor*> tensors_;
};

// Orders that this version would draw in another way make another density of the same weights.
void check_constants(const std::string& source, const TensorsByName& by_name, const Model& model) {
  for (const auto& [name, tensor] : model.constants()) {
    const auto* stored = by_name.find(kConstants + name);
    if (!stored) continue;  // of an earlier version
    const auto host = tensor.detach().to(torch::kCPU).contiguous();
    auto read = torch::empty_like(host);
    copy_into(source, *stored, read);
    if (!torch::equal(read, host))
      throw IoError(source, fmt::format("was trained with other {}; this version draws them in "
                                        "another way",
                                        name));
  }
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
  const TensorsByName by_name(file);
  for (const auto& [name, tensor] : tensors) {
    const auto* found = by_name.find(prefix + name);
    if (!found)
      throw IoError(source, fmt::format("has no tensor '{}'; the file belongs to another model",
                                        prefix + name));
    copy_into(source, *found, tensor);
  }
}

namespace {

// Whether a buffer is one of those that only training needs.
bool is_for_training(const std::string& buffer, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&](const auto& name) {
    return buffer == name || buffer.starts_with(name + ".");
  });
}

}  // namespace

std::vector<NamedTensor> weights_of(const Model& model) {
  const auto left_out = model.training_buffers();
  std::vector<NamedTensor> list;
  for (const auto& entry : model.named_parameters()) list.push_back({entry.key(), entry.value()});
  for (const auto& entry : model.named_buffers())
    if (!is_for_training(entry.key(), left_out)) list.push_back({entry.key(), entry.value()});
  return list;
}

std::vector<NamedTensor> training_state_of(const Model& model) {
  const auto wanted = model.training_buffers();
  std::vector<NamedTensor> list;
  for (const auto& entry : model.named_buffers())
    if (is_for_training(entry.key(), wanted)) list.push_back({entry.key(), entry.value()});
  return list;
}

void append_model(SafetensorsFile& file, const Model& model) {
  append_tensors(file, "", weights_of(model));
  append_tensors(file, kConstants, model.constants());
  append_tensors(file, kState, training_state_of(model));
}

void put_averages(SafetensorsFile& file, const std::vector<NamedTensor>& averages) {
  std::set<std::string> averaged;
  for (const auto& [name, tensor] : averages) averaged.insert(name);
  for (auto& raw : file.tensors)
    if (averaged.contains(raw.name)) raw.name = kTraining + raw.name;
  append_tensors(file, "", averages);
}

namespace {

// Where earlier versions wrote the average; null in a file of this one.
const RawTensor* older_average(const TensorsByName& by_name, const std::string& name) {
  return by_name.find("ema/" + name);
}

}  // namespace

void load_averages(const std::string& source, const SafetensorsFile& file,
                   const std::vector<NamedTensor>& averages,
                   const std::vector<NamedTensor>& weights) {
  const TensorsByName by_name(file);
  const auto either = [&](const RawTensor* first, const std::string& name) {
    const auto* found = first ? first : by_name.find(name);
    if (!found)
      throw IoError(source,
                    fmt::format("has no tensor '{}'; the file belongs to another model", name));
    return *found;
  };
  for (const auto& [name, tensor] : averages)
    copy_into(source, either(older_average(by_name, name), name), tensor);
  for (const auto& [name, tensor] : weights)
    copy_into(source, either(by_name.find(kTraining + name), name), tensor);
}

SafetensorsFile for_use(SafetensorsFile checkpoint, std::int64_t step) {
  checkpoint.metadata.erase("kiln.state");
  checkpoint.metadata["kiln.step"] = std::to_string(step);
  std::erase_if(checkpoint.tensors, [](const RawTensor& tensor) {
    return tensor.name.starts_with("optimizer/") || tensor.name.starts_with(kTraining);
  });
  return checkpoint;
}

// Earlier versions kept it under the plain names.
void load_training_state(const std::string& source, const SafetensorsFile& file, Model& model) {
  const TensorsByName by_name(file);
  for (const auto& entry : training_state_of(model))
    load_tensors(source, file, by_name.find(kState + entry.name) ? kState : "", {entry});
}

void load_weights(const std::string& source, const SafetensorsFile& file, Model& model) {
  load_tensors(source, file, "", weights_of(model));
  const TensorsByName by_name(file);
  for (const auto& [name, tensor] : weights_of(model))
    if (const auto* average = older_average(by_name, name)) copy_into(source, *average, tensor);
  check_constants(source, by_name, model);
  for (const auto& entry : model.named_parameters())
    if (!entry.value().isfinite().all().item<bool>())
      throw IoError(source, fmt::format("holds numbers in '{}' that are not finite; take another "
                                        "checkpoint",
                                        entry.key()));
}

}  // namespace kiln

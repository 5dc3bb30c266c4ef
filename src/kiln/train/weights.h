#pragma once

#include <string>
#include <vector>

#include "kiln/core/tensor.h"
#include "kiln/io/safetensors.h"
#include "kiln/models/model.h"

namespace kiln {

/// Adds tensors to a file under prefix + name, as contiguous CPU bytes.
void append_tensors(SafetensorsFile& file, const std::string& prefix,
                    const std::vector<NamedTensor>& tensors);

/// Copies the file's tensors prefix + name into `tensors`, which keep their device and memory
/// layout.  Throws IoError naming `source` if one is missing or has another shape or type; then
/// some may have been copied.
void load_tensors(const std::string& source, const SafetensorsFile& file, const std::string& prefix,
                  const std::vector<NamedTensor>& tensors);

/// Parameters and buffers under PyTorch's names, but for those that only training needs.
std::vector<NamedTensor> weights_of(const Model& model);

/// The others: Model::training_buffers.
std::vector<NamedTensor> training_state_of(const Model& model);

/// Adds a model's weights under their names, its constants under "constants/" and what only
/// training needs under "training/state/".
void append_model(SafetensorsFile& file, const Model& model);

/// Puts averages in the place of the weights whose names they bear; the weights move to
/// "training/".
void put_averages(SafetensorsFile& file, const std::vector<NamedTensor>& averages);

/// Takes both apart again: copies into `averages` and into `weights`, which have the same names.
/// Reads checkpoints of earlier versions, too, whose averages stood under "ema/".
void load_averages(const std::string& source, const SafetensorsFile& file,
                   const std::vector<NamedTensor>& averages,
                   const std::vector<NamedTensor>& weights);

/// A checkpoint without what only training needs: neither optimizer nor state.
SafetensorsFile for_use(SafetensorsFile checkpoint, std::int64_t step);

/// Loads what only training needs.  Throws IoError if the file does not hold it.
void load_training_state(const std::string& source, const SafetensorsFile& file, Model& model);

/// Loads a checkpoint's weights into a model: the moving average where there is one.  Throws
/// IoError if the file does not fit the model, or has other constants.
void load_weights(const std::string& source, const SafetensorsFile& file, Model& model);

}  // namespace kiln

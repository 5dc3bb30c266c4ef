#pragma once

#include "kiln/runs/load_run.h"
#include "kiln/runs/training_data.h"

namespace kiln {

/// The same items with the part "code" [J]: what the encoder of a trained model makes of each.
/// All are encoded at once and kept in memory.  Random binarisation becomes a threshold, so that a
/// code is one code; states 0 .. q - 1 are grey levels to an encoder of such.  Throws ConfigError
/// where the model has no encoder, or learned other items.
DatasetPtr with_codes(const DatasetPtr& data, const Source& source, const TrainedModel& encoder);

/// The same of what is trained and validated on.
void add_codes(TrainingData& data, const TrainedModel& encoder);

/// Shows a model that is given codes those of its training items; leaves others as they are.
void show_codes(Model& model, const TrainingData& data);

}  // namespace kiln

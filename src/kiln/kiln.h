#pragma once

/// \file
/// All that a program needs that has tensors and wants a generative model: train one in memory or
/// load a run, ask what it can do, draw, judge, save.  These headers are Kiln's public ones; what
/// else is installed serves them and may change.

#include "kiln/core/batch.h"
#include "kiln/core/error.h"
#include "kiln/core/options.h"
#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"
#include "kiln/core/threads.h"
#include "kiln/core/values.h"
#include "kiln/data/dataset.h"
#include "kiln/data/source.h"
#include "kiln/data/transforms.h"
#include "kiln/feed/tensor_data.h"
#include "kiln/io/image.h"
#include "kiln/metrics/estimate.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/models/given.h"
#include "kiln/models/model.h"
#include "kiln/registry/model_info.h"
#include "kiln/registry/models.h"
#include "kiln/runs/fit.h"
#include "kiln/runs/load_run.h"
#include "kiln/train/pictures.h"
#include "kiln/train/run_config.h"
#include "kiln/train/train_options.h"

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/kiln/interruption.h"
#include "kiln/core/options.h"
#include "kiln/nn/latent_path.h"
#include "kiln/use/given_text.h"
#include "kiln/use/requests.h"

namespace kiln::program {

// What each command is asked: filled from the command line, which sees no LibTorch, and handed to
// the action of the same name, which does.

/// The options shared by every command that reads a run.
struct RunArguments {
  std::string run;
  std::string checkpoint = "best";
  std::string device = "cpu";
  std::int64_t seed = 1;
};

struct TrainArguments {
  std::string model, data, data_b, encoder, valid, out, config, device = "cpu";
  std::string command;  ///< As it was typed.
  bool skip_bad = false;
  OptionMap model_options, train_options;
  Interruption* interruption = nullptr;
};

struct ResumeArguments {
  std::string run, device = "cpu";
  std::optional<std::int64_t> steps;
  Interruption* interruption = nullptr;
};

struct SampleArguments {
  RunArguments run;
  std::int64_t count = 64;
  double temperature = 1;
  bool mean = false, noise = false, beside_data = false;
  std::string condition, out;
  GivenText given = {};  ///< What condition stands for.
};

struct EvalArguments {
  RunArguments run;
  NetworkChoice network;
  AnnealingChoice annealed;
  std::string data, split, metrics, direction;
  std::optional<std::int64_t> samples = std::nullopt;
  std::optional<std::int64_t> draws;  ///< Of iwae; 50 where nothing is said.
  std::int64_t batch = 100;
};

struct ScoreArguments {
  RunArguments run;
  std::string data, split, out = "scores.csv";
  std::int64_t draws = 0, batch = 100;
  std::string complexity;
  AnomalyRequest anomaly;
};

struct ReconstructArguments {
  RunArguments run;
  std::string data, split, out;
  std::int64_t count = 16;
};

struct CompleteArguments {
  RunArguments run;
  std::string image, data, split, indices = "0", known, out;
  std::int64_t draws = 6;
};

struct InterpolateArguments {
  RunArguments run;
  std::string between = "prior", path_name = "slerp", data, split, out;
  LatentPath path = LatentPath::slerp;  ///< What path_name stands for.
  std::int64_t rows = 8, steps = 10;
};

struct EncodeArguments {
  RunArguments run;
  std::string data, split, out = "codes.csv", plot;
  bool beside_prior = false;
  std::int64_t items = 0;  ///< At most so many of the first items; 0: all.
  std::int64_t batch = 500;
};

struct DecodeArguments {
  RunArguments run;
  std::string codes, out;
  std::int64_t count = 0;
};

struct ManifoldArguments {
  RunArguments run;
  std::string out;
  std::int64_t side = 20;
};

struct TraverseArguments {
  RunArguments run;
  std::string latents, data, split, out;
  std::optional<std::int64_t> item;
  std::optional<std::int64_t> steps = std::nullopt;
  std::optional<double> low = std::nullopt, high = std::nullopt;
  bool quantiles = false;
};

struct ArithmeticArguments {
  RunArguments run;
  std::vector<std::string> plus, minus;
  std::string from, data, split, out;
  std::int64_t steps = 5;
  double strength = 1;
  std::int64_t items = 2000;  ///< Means over at most so many of the first items; 0: all.
};

struct ProbeArguments {
  RunArguments run;
  std::string labels_text = "100,1000", data, split;
  std::vector<std::int64_t> labels = {};  ///< What labels_text stands for.
  std::int64_t neighbours = 20;
  bool fine_tune = false;
};

struct NeighboursArguments {
  RunArguments run;
  std::string data, out;
  std::int64_t samples = 1000, count = 10, nearest = 7;
};

struct FilmArguments {
  std::vector<std::string> runs;
  std::string out, quality_text = "lossless";
  std::string names_text = {};
  std::vector<std::string> names = {};  ///< What names_text stands for: over the runs' pictures.
  bool no_words = false;
  std::optional<double> quality = std::nullopt;  ///< What quality_text stands for; none: lossless.
  double frames_per_second = 5, hold = 2;
};

struct ReportRequest {
  bool measure = true;        ///< Also what needs the model: figures, completions, scores ...
  std::int64_t items = 1000;  ///< Judge by at most this many items; 0: all.
  std::int64_t draws = 50;    ///< Of the importance weighted bound.
  std::string device = "cpu";
  std::int64_t seed = 1;
};

struct ReportArguments {
  std::vector<std::string> runs;
  std::string out;
  ReportRequest options;
};

struct CheckArguments {
  RunArguments run;
  std::string data, split, out, field, pixel;
};

struct TranslateArguments {
  RunArguments run;
  std::string image, direction, data, split, out;
  std::int64_t count = 8;
};

/// A well-known data set to be fetched.
struct DataGetArguments {
  std::string name, out, from;
};

/// A critic that learns to tell two laws on the line, `kiln theory gan`.
struct LineCriticArguments {
  std::string p = "normal:0,1", q = "normal:1,1.5", out;
  std::int64_t steps = 100, seed = 1;
};

}  // namespace kiln::program

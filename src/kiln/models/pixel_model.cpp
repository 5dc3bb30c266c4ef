#include "kiln/models/pixel_model.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/models/bayes_rule.h"
#include "kiln/nn/known_prefix.h"

namespace kiln {
namespace {

void check_options(const std::string& name, const PixelOptions& o) {
  ItemShape{o.data_dim, o.channels, o.height, o.width}.check(name);
  if (o.states == 1) throw ConfigError(name + ".states", "must be 0, or at least 2, got 1");
  if (o.channels == 0)
    throw ConfigError(name, "learns pictures, and the data are a table; use made or nade there");
  if (o.condition == PixelCondition::label) check_condition(name, Condition::label, o.classes);
  if (o.condition == PixelCondition::code && o.code_size == 0)
    throw ConfigError(name + ".condition",
                      "code needs items with a code each; name a run that encodes by --encoder "
                      "RUN");
  if (o.ordering == Ordering::raster || o.ordering == Ordering::column ||
      o.ordering == Ordering::serpentine)
    return;
  throw ConfigError(
      name + ".ordering",
      fmt::format("a masked network reads the rows above and what lies before in the row, which is "
                  "not what comes before in the order '{}'; use raster, column or serpentine, or "
                  "made or nade",
                  enum_name(o.ordering)));
}

// Places in x, [C, H, W] laid flat, of the picture as the network sees it.
Tensor places_of(const PixelOptions& o) {
  const auto places = torch::arange(o.data_dim).reshape({o.channels, o.height, o.width});
  if (o.ordering == Ordering::column) return places.transpose(1, 2).flatten();
  if (o.ordering == Ordering::raster) return places.flatten();
  auto turned = places.clone();
  for (std::int64_t row = 1; row < o.height; row += 2)
    turned.select(1, row).copy_(places.select(1, row).flip({1}));
  return turned.flatten();
}

// Pixels in the order of their visit.
std::vector<std::int64_t> visited_pixels(std::int64_t height, std::int64_t width,
                                         std::int64_t first) {
  std::vector<std::int64_t> early, late;
  for (std::int64_t row = 0; row < height; ++row)
    for (std::int64_t column = 0; column < width; ++column)
      (row % first + column % first == 0 ? early : late).push_back(row * width + column);
  early.insert(early.end(), late.begin(), late.end());
  return early;
}

}  // namespace

std::vector<std::pair<PixelCondition, std::string_view>> enum_names(PixelCondition) {
  return {{PixelCondition::none, "none"},
          {PixelCondition::label, "label"},
          {PixelCondition::code, "code"}};
}

std::vector<std::pair<FirstPixel, std::string_view>> enum_names(FirstPixel) {
  return {
      {FirstPixel::model, "model"}, {FirstPixel::uniform, "uniform"}, {FirstPixel::data, "data"}};
}

PixelModel::PixelModel(std::string name, const PixelOptions& o, std::unique_ptr<const PixelLaw> law,
                       std::int64_t first)
    : name_((check_options(name, o), std::move(name))),
      shape_{o.data_dim, o.channels, o.height, o.width},
      binarised_(o.states == 0),
      kind_(o.ordering),
      first_pixel_(o.first_pixel),
      law_(law ? std::move(law) : std::make_unique<SoftmaxLaw>(o.channels, o.levels())),
      classes_(o.condition == PixelCondition::label ? o.classes : 0),
      height_(kind_ == Ordering::column ? o.width : o.height),
      width_(kind_ == Ordering::column ? o.height : o.width),
      places_(places_of(o)),
      back_(torch::argsort(places_)),
      pixels_(visited_pixels(height_, width_, first)) {
  order_ = places_.reshape({o.channels, -1}).index_select(1, torch::tensor(pixels_)).t().flatten();
  if (first_pixel_ == FirstPixel::data)
    first_counts_ = register_buffer("first_counts", torch::zeros({o.levels()}, torch::kInt64));
  if (classes_ > 0)
    class_log_shares_ = register_buffer("class_log_shares", log_shares_of({}, classes_));
  if (o.condition == PixelCondition::code)
    code_input_ = register_module("code_input", CodeInput(o.code_size));
}

Conditions PixelModel::conditions() const {
  Conditions allowed{.classes = classes_, .temperature = Conditions::Temperature::positive};
  if (code_size() > 0) allowed.more["code"] = code_size();
  return allowed;
}

std::vector<std::string> PixelModel::needed_fields() const {
  if (code_size() > 0) return {"code"};
  return {};
}

void PixelModel::start_from_data(const DataMoments& moments) {
  torch::NoGradGuard no_grad;
  if (classes_ > 0) class_log_shares_.copy_(log_shares_of(moments.class_shares, classes_));
}

void PixelModel::begin_round(const Batch& batch, Rng&) {
  if (!first_counts_.defined()) return;
  torch::NoGradGuard no_grad;
  const auto first = shape_.flat(where("begin_round"), "x", batch.x).select(1, 0);
  first_counts_ +=
      torch::one_hot(first.to(first_counts_.device(), torch::kInt64), law_->states()).sum(0);
}

// One of each state more than was counted: what was not seen is not impossible.
Tensor PixelModel::first_shares() const {
  if (first_pixel_ == FirstPixel::model) return {};
  const auto counts = first_counts_.defined() ? first_counts_.to(torch::kCPU) + 1
                                              : torch::ones({law_->states()}, torch::kInt64);
  return counts.to(torch::kDouble) / counts.sum().item<double>();
}

Tensor PixelModel::checked_states(const char* function, const Tensor& x) const {
  const auto numbers = shape_.flat(where(function), "x", x);
  const auto fits =
      numbers.ge(0).logical_and(numbers.lt(law_->states())).logical_and(numbers == numbers.floor());
  if (fits.all().item<bool>()) return numbers;
  throw ConfigError(
      where(function),
      fmt::format("x must hold whole numbers from 0 to {}, got {}", law_->states() - 1,
                  numbers.masked_select(fits.logical_not())[0].item<double>()));
}

Tensor PixelModel::seen(const Tensor& flat) const {
  const auto turned =
      kind_ == Ordering::raster ? flat : flat.index_select(1, places_.to(flat.device()));
  return turned.reshape({flat.size(0), law_->channels(), height_, width_});
}

Tensor PixelModel::natural(const Tensor& seen) const {
  const auto flat = seen.flatten(1);
  return kind_ == Ordering::raster ? flat : flat.index_select(1, back_.to(flat.device()));
}

Tensor PixelModel::condition_of(const char* function, const Batch& batch) const {
  if (code_input_) {
    const auto code = code_input_->forward(batch.at("code"), batch.x.size(0));
    return code.to(parameters().front().options());
  }
  if (classes_ == 0) return {};
  return one_hot_labels(where(function), batch.y, batch.x.size(0), classes_)
      .to(parameters().front().options());
}

Tensor PixelModel::logits(const Batch& batch) {
  const auto x = checked_states("logits", batch.x).to(parameters().front().scalar_type());
  return maps(law_->scaled(seen(x)), condition_of("logits", batch));
}

Tensor PixelModel::log_conditionals(const Batch& batch) {
  const auto x = checked_states("log_prob", batch.x).to(parameters().front().scalar_type());
  const auto pictures = seen(x);
  const auto each = natural(
      law_->log_probs(maps(law_->scaled(pictures), condition_of("log_prob", batch)), pictures));
  const auto shares = first_shares();
  if (!shares.defined()) return each;
  const auto first =
      shares.log().to(each.options()).index_select(0, x.select(1, 0).to(torch::kInt64));
  return torch::cat({first.unsqueeze(1), each.slice(1, 1)}, 1);
}

Tensor PixelModel::log_prob(const Batch& batch) { return log_conditionals(batch).sum(1); }

Tensor PixelModel::class_logits(const Batch& batch) {
  if (classes_ == 0)
    throw ConfigError(where("class_logits"), "was trained without classes; use condition label");
  return bayes_logits(*this, batch, class_log_shares_);
}

std::vector<Player> PixelModel::players() {
  return {
      {.name = "model", .parameters = trainable(), .objective = [this](const Batch& batch, Rng&) {
         return Objective{.loss = -log_prob(batch).mean()};
       }}};
}

PixelDraw PixelModel::unconditional(const Tensor& uniform) const {
  return {.law = law_.get(), .uniform = seen(uniform), .first_shares = first_shares()};
}

// float32 on the CPU goes step by step, anything else by whole passes.
Tensor PixelModel::drawn(PixelDraw draw, const Tensor& given) {
  const auto weights = parameters().front();
  const auto watch = draw.watch;
  if (watch)
    draw.watch = [&](const Tensor& so_far, double share) {
      return watch(shape_.shaped(natural(so_far)), share);
    };
  if (weights.device().is_cpu() && weights.scalar_type() == torch::kFloat32)
    return natural(stepped(draw, given));
  draw.uniform = draw.uniform.to(weights.options());
  return natural(draw_pixels_naively(draw, pixels_,
                                     [&](const Tensor& scaled) { return maps(scaled, given); }));
}

Tensor PixelModel::stepped(const PixelDraw& draw, const Tensor& given) {
  return draw_pixels(draw, [&](std::int64_t first, std::int64_t count, std::int64_t lanes) {
    return stepper(rows_of(given, first, count), lanes);
  });
}

Tensor PixelModel::draw_samples(const SampleRequest& request, Rng& rng) {
  auto draw = unconditional(rng.uniform({request.count, shape_.data_dim}));
  draw.temperature = request.temperature;
  draw.watch = request.watch;
  Batch asked{draw.uniform, classes_ > 0 ? labels_of(request, classes_) : Tensor()};
  if (code_input_) {
    const auto code = given_part(request, "code");
    asked.more["code"] = code.defined() ? code : code_input_->drawn(request.count, rng);
  }
  return shape_.shaped(drawn(draw, condition_of("sample", asked)));
}

Tensor PixelModel::draw(const Batch& uniform) {
  torch::NoGradGuard no_grad;
  check_shape(where("draw"), "uniform", uniform.x, {kAny, shape_.data_dim});
  return drawn(unconditional(uniform.x), condition_of("draw", uniform));
}

Tensor PixelModel::draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) {
  torch::NoGradGuard no_grad;
  if (const auto shares = first_shares(); d == 0 && shares.defined())
    return law_->picked_by(shares, uniform).to(batch.x.options());
  const auto readable = batch.x.round().clamp(0, static_cast<double>(law_->states() - 1));
  const auto place = back_[d].item<std::int64_t>(), pixel = place % (height_ * width_);
  return picked_states(*law_, logits(batch.around(readable)), seen(readable),
                       place / (height_ * width_), pixel / width_, pixel % width_, uniform, 1)
      .to(batch.x.options());
}

Tensor PixelModel::complete(const Batch& batch, const Tensor& known, Rng& rng) {
  torch::NoGradGuard no_grad;
  const auto function = where("complete");
  const auto mask = shape_.flat(function, "known", known).ne(0);
  const auto x = shape_.flat(function, "x", batch.x);
  if (x.size(0) != mask.size(0))
    throw ShapeError(function, fmt::format("x and known must agree, got {} and {} pictures",
                                           x.size(0), mask.size(0)));
  const bool in_reading_order = std::is_sorted(pixels_.begin(), pixels_.end());
  check_known_prefix(
      function, mask, order_, kind_,
      {"number", "picture",
       in_reading_order ? ""
                        : "; of two scales every second pixel of every second row comes first, and "
                          "only a mask that holds all of those can be completed"});
  const auto numbers = checked_states("complete", torch::where(mask, x, torch::zeros_like(x)));
  auto draw = unconditional(rng.uniform(numbers.sizes()).to(numbers.device()));
  draw.known = seen(mask);
  draw.x = seen(numbers);
  return shape_.shaped(drawn(draw, condition_of("complete", batch)));
}

}  // namespace kiln

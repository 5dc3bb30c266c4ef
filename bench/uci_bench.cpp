// Mean log-likelihood of RNADE on held-out tenths of small UCI tables, in nats, beside a Gaussian
// with a full covariance and a mixture of such Gaussians:
//
//   KILN_DATA=DIR uci_bench [table=red] [seed=1] [hidden=100] [components=10] ...
//
// A fold is a tenth of the rows in a seeded order.  The other nine tenths set mean and deviation of
// every column and are split again: a tenth of them says when to stop.  Figures are in those
// standardised units, and RNADE's also in the table's own.  Columns with few distinct values are
// left out, and of two columns with a correlation above 0.98 in size the later one.
#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <numeric>
#include <set>

#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/data/source.h"
#include "kiln/feed/batches.h"
#include "kiln/models/autoregressive/rnade.h"
#include "kiln/train/trainer.h"

namespace {

using namespace kiln;

struct UciOptions {
  std::string table = "all";
  std::int64_t seed = 1, folds = 10;
  std::int64_t hidden = 100, components = 10;
  MixtureComponent component = MixtureComponent::gaussian;
  bool scaled_mean_gradient = false;
  double learning_rate = 1e-2, weight_decay = 3e-3, ema = 0.99;
  bool baselines = true;
  std::int64_t epochs = 200, patience = 20, batch = 100;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("table", self.table, Field{.help = "red, white, parkinsons, housing or all"});
    visit("seed", self.seed, Field{.help = "of folds, weights and order", .low = 0});
    visit("folds", self.folds, Field{.help = "parts", .low = 2, .high = 100});
    visit("hidden", self.hidden, Field{.help = "RNADE's", .low = 1});
    visit("components", self.components, Field{.help = "RNADE's", .low = 1});
    visit("component", self.component, Field{.help = "RNADE's"});
    visit("scaled_mean_gradient", self.scaled_mean_gradient, Field{.help = "RNADE's"});
    visit("learning_rate", self.learning_rate, Field{.help = "Adam's, falling to 0", .low = 0});
    visit("weight_decay", self.weight_decay, Field{.help = "Adam's", .low = 0});
    visit("ema", self.ema,
          Field{.help = "decay of the averaged weights", .low = 0, .high = 0.9999});
    visit("baselines", self.baselines, Field{.help = "measure them too"});
    visit("epochs", self.epochs, Field{.help = "at most", .low = 1});
    visit("patience", self.patience, Field{.help = "epochs without gain", .low = 0});
    visit("batch", self.batch, Field{.help = "rows", .low = 1});
  }
};

// Rows [N, D] as a data set.
class Table : public Dataset {
 public:
  explicit Table(const Tensor& rows) : rows_(rows.to(torch::kFloat32).contiguous()) {
    info_.name = "table";
    info_.shape = {rows.size(1)};
  }
  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return rows_.size(0); }
  std::int64_t read(std::int64_t index, std::span<float> x) const override {
    const auto* row = rows_.data_ptr<float>() + index * rows_.size(1);
    std::copy_n(row, x.size(), x.begin());
    return -1;
  }

 private:
  Tensor rows_;
  DataInfo info_;
};

Tensor read_rows(const std::string& spec) {
  const auto data = open_source(parse_source(spec)).splits.train;
  const auto columns = data->info().item_size();
  const auto rows = torch::empty({data->size(), columns});
  for (std::int64_t i = 0; i < data->size(); ++i)
    data->read(i, {rows.data_ptr<float>() + i * columns, static_cast<std::size_t>(columns)});
  return rows;
}

std::int64_t distinct(const Tensor& column) {
  const auto values = column.contiguous();
  const auto* v = values.data_ptr<float>();
  return static_cast<std::int64_t>(std::set<float>(v, v + values.numel()).size());
}

// The columns that are left, in their order.
std::vector<std::int64_t> continuous_columns(const Tensor& rows) {
  const auto x = rows.to(torch::kDouble), y = (x - x.mean(0)) / x.std(0, false);
  const auto correlation = torch::mm(y.t(), y) / static_cast<double>(y.size(0));
  std::vector<std::int64_t> kept;
  for (std::int64_t d = 0; d < rows.size(1); ++d) {
    bool twice = false;
    for (const auto other : kept)
      twice = twice || std::abs(correlation[d][other].item<double>()) > 0.98;
    if (distinct(rows.select(1, d)) >= 30 && !twice) kept.push_back(d);
  }
  return kept;
}

// ---- Baselines, in float64 on standardised rows

// log N(x; mean, covariance): [N].
Tensor gaussian_log_prob(const Tensor& x, const Tensor& mean, const Tensor& covariance) {
  const auto L = torch::linalg_cholesky(covariance);
  const auto u = torch::linalg_solve_triangular(L, (x - mean).t(), false);
  const auto log_det = L.diagonal().log().sum();
  const double constant = 0.5 * std::log(2 * std::numbers::pi) * static_cast<double>(x.size(1));
  return -0.5 * u.square().sum(0) - log_det - constant;
}

Tensor weighted_covariance(const Tensor& x, const Tensor& weight, const Tensor& mean) {
  const auto centred = x - mean;
  return torch::mm((centred * weight.unsqueeze(1)).t(), centred) / weight.sum();
}

struct Mixture {
  std::vector<Tensor> means, covariances;
  Tensor log_weights;
  Tensor joint(const Tensor& x) const {  // [K, N]
    std::vector<Tensor> rows;
    for (std::size_t k = 0; k < means.size(); ++k)
      rows.push_back(gaussian_log_prob(x, means[k], covariances[k]));
    return torch::stack(rows) + log_weights.unsqueeze(1);
  }
  double score(const Tensor& x) const {
    return torch::logsumexp(joint(x), 0).mean().item<double>();
  }
};

// One round of expectation maximisation; the ridge keeps a component that holds few rows regular.
Mixture em_round(const Mixture& old, const Tensor& x, double ridge) {
  const auto posterior = torch::softmax(old.joint(x), 0) + 1e-10;
  Mixture next;
  next.log_weights = (posterior.sum(1) / posterior.sum()).log();
  for (std::int64_t k = 0; k < posterior.size(0); ++k) {
    const auto weight = posterior[k];
    const auto mean = torch::mv(x.t(), weight) / weight.sum();
    next.means.push_back(mean);
    next.covariances.push_back(weighted_covariance(x, weight, mean) +
                               ridge * torch::eye(x.size(1), torch::kDouble));
  }
  return next;
}

// Numbers of components, ridges and rounds are chosen on the validation part.
double mixture_score(const Tensor& train, const Tensor& valid, const Tensor& test, Rng& rng) {
  double best = -std::numeric_limits<double>::infinity(), score = best;
  for (const std::int64_t count : {2, 3, 5, 8, 12, 20})
    for (const double ridge : {0.01, 0.1}) {
      Mixture mixture;
      mixture.log_weights = torch::zeros({count}, torch::kDouble) - std::log(double(count));
      const auto first = rng.permutation(train.size(0));
      for (std::int64_t k = 0; k < count; ++k) {
        mixture.means.push_back(train[first[k].item<std::int64_t>()]);
        mixture.covariances.push_back(torch::eye(train.size(1), torch::kDouble));
      }
      for (int round = 0; round < 40; ++round) {
        mixture = em_round(mixture, train, ridge);
        const auto judged = mixture.score(valid);
        if (judged > best) best = judged, score = mixture.score(test);
      }
    }
  return score;
}

double gaussian_score(const Tensor& train, const Tensor& test) {
  const auto mean = train.mean(0);
  const auto covariance =
      weighted_covariance(train, torch::ones({train.size(0)}, torch::kDouble), mean);
  return gaussian_log_prob(test, mean, covariance).mean().item<double>();
}

// ---- RNADE

double mean_log_prob(Rnade& model, const Tensor& x) {
  torch::NoGradGuard no_grad;
  return model.log_prob(x.to(torch::kFloat32)).to(torch::kDouble).mean().item<double>();
}

TrainOptions train_options(const UciOptions& o, std::int64_t rows) {
  TrainOptions options;
  options.batch = std::min(o.batch, rows);
  options.seed = o.seed;
  options.learning_rate = o.learning_rate;
  options.weight_decay = o.weight_decay;
  options.schedule = Schedule::linear;
  options.ema = o.ema;
  const auto per_epoch = std::max<std::int64_t>(1, rows / options.batch);
  options.steps = o.epochs * per_epoch;
  options.validate_every = per_epoch;
  options.patience = o.patience;
  return resolve(options, per_epoch);
}

// Trains on `train` and leaves the weights that were best on `valid`.
void fit(Rnade& model, const UciOptions& o, const Tensor& train, const Tensor& valid) {
  const auto options = train_options(o, train.size(0));
  Loader loader(std::make_shared<Table>(train), {},
                {.batch = options.batch, .seed = static_cast<std::uint64_t>(o.seed), .threads = 0});
  Trainer trainer(model, loader, options);
  double least = std::numeric_limits<double>::infinity();
  std::vector<Tensor> best;
  trainer.run({.validate = [&] {
    const double nll = -mean_log_prob(model, valid);  // of the averaged weights
    if (nll < least) {
      least = nll;
      best.clear();
      for (const auto& p : model.parameters()) best.push_back(p.detach().clone());
    }
    return nll;
  }});
  torch::NoGradGuard no_grad;
  const auto parameters = model.parameters();
  for (std::size_t i = 0; i < best.size(); ++i) parameters[i].copy_(best[i]);
}

struct Figures {
  double gaussian = std::nan(""), mixture = std::nan(""), standardised = 0, own = 0;
};

Figures run_fold(const UciOptions& o, const Tensor& rows, const Tensor& order, std::int64_t fold) {
  const auto n = rows.size(0), begin = n * fold / o.folds, end = n * (fold + 1) / o.folds;
  const auto rest = torch::cat({order.slice(0, 0, begin), order.slice(0, end)});
  const auto x = rows.index_select(0, rest),
             test = rows.index_select(0, order.slice(0, begin, end));
  const auto wide = x.to(torch::kDouble), mean = wide.mean(0), deviation = wide.std(0, false);
  Rng init(static_cast<std::uint64_t>(o.seed), "init");
  Rng::Scope scope(init);
  Rnade model({.data_dim = rows.size(1),
               .hidden = o.hidden,
               .components = o.components,
               .component = o.component,
               .scaled_mean_gradient = o.scaled_mean_gradient});
  model.start_from_data({mean, deviation});
  const auto held = x.size(0) / 10;  // the order is random, so its head is as good as any part
  fit(model, o, x.slice(0, held), x.slice(0, 0, held));
  const auto standard = [&](const Tensor& t) { return (t.to(torch::kDouble) - mean) / deviation; };
  Rng em(static_cast<std::uint64_t>(o.seed), "em");
  const double own = mean_log_prob(model, test);
  Figures figures{.standardised = own + model.log_volume(), .own = own};
  if (!o.baselines) return figures;
  figures.gaussian = gaussian_score(standard(x), standard(test));
  figures.mixture =
      mixture_score(standard(x.slice(0, held)), standard(x.slice(0, 0, held)), standard(test), em);
  return figures;
}

std::string mean_and_error(const std::vector<Figures>& folds, double Figures::*figure) {
  double sum = 0, squares = 0;
  for (const auto& f : folds) sum += f.*figure, squares += f.*figure * (f.*figure);
  const auto n = static_cast<double>(folds.size());
  const double mean = sum / n, variance = std::max(0.0, (squares - n * mean * mean) / (n - 1));
  return fmt::format("{:.2f} +- {:.2f}", mean, std::sqrt(variance / n));
}

void run_table(const UciOptions& o, const std::string& name, const std::string& spec) {
  const auto all = read_rows(spec);
  const auto kept = continuous_columns(all);
  const auto rows = all.index_select(1, torch::tensor(kept));
  const auto order = Rng(static_cast<std::uint64_t>(o.seed), "folds").permutation(rows.size(0));
  const auto start = std::chrono::steady_clock::now();
  std::vector<Figures> folds;
  for (std::int64_t f = 0; f < o.folds; ++f) folds.push_back(run_fold(o, rows, order, f));
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  fmt::print("{:<11}{:>6}{:>4}{:>18}{:>18}{:>18}{:>18}{:>7.0f}  of {}: {}\n", name, rows.size(0),
             rows.size(1), mean_and_error(folds, &Figures::gaussian),
             mean_and_error(folds, &Figures::mixture),
             mean_and_error(folds, &Figures::standardised), mean_and_error(folds, &Figures::own),
             time.count(), all.size(1), fmt::join(kept, " "));
  std::fflush(stdout);
}

UciOptions parse(int count, char** arguments) {
  UciOptions options;
  OptionMap values;
  for (int i = 1; i < count; ++i) {
    const std::string text = arguments[i];
    const auto at = text.find('=');
    if (at == std::string::npos) throw ConfigError("uci_bench", "wants key=value, got " + text);
    values[text.substr(0, at)] = text.substr(at + 1);
  }
  assign("uci_bench", options, values);
  return options;
}

}  // namespace

int main(int count, char** arguments) try {
  kiln::start_up(2);
  const auto options = parse(count, arguments);
  const auto* data = std::getenv("KILN_DATA");
  const auto uci = fmt::format("csv:{}/uci/", data ? data : ".");
  const std::vector<std::pair<std::string, std::string>> tables{
      {"red", uci + "winequality-red.csv,columns=0-10"},
      {"white", uci + "winequality-white.csv,columns=0-10"},
      {"parkinsons", uci + "parkinsons.data,columns=1-16+18-23"},
      {"housing", uci + "housing.data,sep=space"}};
  fmt::print("{:<11}{:>6}{:>4}{:>18}{:>18}{:>18}{:>18}{:>7}  columns kept\n", "table", "rows", "D",
             "Gaussian", "mixture", "RNADE", "RNADE, own units", "s");
  for (const auto& [name, spec] : tables)
    if (options.table == "all" || options.table == name) run_table(options, name, spec);
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}

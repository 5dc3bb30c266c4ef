#include "kiln/registry/models.h"

#include <fmt/format.h>

#include "kiln/core/text.h"
#include "kiln/models/adversarial/dcgan.h"
#include "kiln/models/adversarial/gan.h"
#include "kiln/models/adversarial/infogan.h"
#include "kiln/models/adversarial/progressive_gan.h"
#include "kiln/models/autoregressive/categorical_nade.h"
#include "kiln/models/autoregressive/gated_pixel_cnn.h"
#include "kiln/models/autoregressive/made.h"
#include "kiln/models/autoregressive/nade.h"
#include "kiln/models/autoregressive/orderless_nade.h"
#include "kiln/models/autoregressive/pixel_cnn.h"
#include "kiln/models/autoregressive/pixel_cnn_pp.h"
#include "kiln/models/autoregressive/pixel_rnn.h"
#include "kiln/models/autoregressive/rnade.h"
#include "kiln/models/basics/gaussian_mixture.h"
#include "kiln/models/basics/kernel_density.h"
#include "kiln/models/basics/kmeans.h"
#include "kiln/models/basics/pca.h"
#include "kiln/models/capabilities.h"
#include "kiln/models/latent/aae.h"
#include "kiln/models/latent/autoencoder.h"
#include "kiln/models/latent/ladder_vae.h"
#include "kiln/models/latent/vae.h"
#include "kiln/models/latent/wae.h"
#include "kiln/models/tabular/independent.h"
#include "kiln/models/tabular/joint.h"
#include "kiln/models/tabular/markov.h"
#include "kiln/models/translation/cyclegan.h"
#include "kiln/models/translation/pix2pix.h"

namespace kiln {
namespace {

template <class M>
std::vector<std::string> capabilities_of() {
  std::vector<std::string> names;
  for_each_capability([&]<class Interface>(const char* name) {
    if (std::is_base_of_v<Interface, M>) names.emplace_back(name);
  });
  return names;
}

template <class M>
std::vector<RecipeFor<typename M::Options>> recipes_of() {
  if constexpr (requires { M::recipes(); }) return M::recipes();
  return {};
}

template <class M>
std::optional<Recipe> recipe_for(const typename M::Options& options, std::int64_t items) {
  for (const auto& [when, fits, settings] : recipes_of<M>())
    if (fits(options, items)) return Recipe{std::string(when), settings};
  return std::nullopt;
}

template <class M>
ModelEntry entry(std::string name, std::string title, std::string paper, OptionMap tiny,
                 std::vector<OptionMap> more_tiny = {}) {
  using Options = typename M::Options;
  ModelEntry e;
  e.name = name;
  e.title = std::move(title);
  e.paper = std::move(paper);
  for (auto& more : more_tiny) {
    more.insert(tiny.begin(), tiny.end());  // what an alternative does not say is the first one's
    e.more_tiny.push_back(std::move(more));
  }
  e.tiny = std::move(tiny);
  e.fields = describe<Options>();
  e.capabilities = capabilities_of<M>();
  if constexpr (requires { M::sources(); }) e.sources = M::sources();
  for (const auto& row : recipes_of<M>())
    e.recipes.push_back({std::string(row.when), row.settings});
  e.make = [name](const OptionMap& values) -> std::shared_ptr<Model> {
    Options options;
    assign(name, options, values);
    return std::make_shared<M>(options);
  };
  e.complete = [name](const OptionMap& values) {
    Options options;
    assign(name, options, values);
    return to_map(options);
  };
  e.recipe_for = [name](const OptionMap& values, std::int64_t items) {
    Options options;
    assign(name, options, values);
    return recipe_for<M>(options, items);
  };
  return e;
}

// Options of a model that learns pictures of 4 x 4 numbers.
OptionMap small_picture(OptionMap more) {
  more.insert({{"data_dim", "16"}, {"channels", "1"}, {"height", "4"}, {"width", "4"}});
  return more;
}

// The same of 2 x 2 pixels of three colours.
OptionMap small_colours(OptionMap more) {
  more.insert({{"data_dim", "12"}, {"channels", "3"}, {"height", "2"}, {"width", "2"}});
  return more;
}

}  // namespace

// The one place that knows every model.  An explicit table: linkers drop objects that only register
// themselves.
const std::vector<ModelEntry>& models() {
  static const std::vector<ModelEntry> table{
      entry<Joint>(
          "joint", "Full joint table of discrete numbers", "Koller & Friedman 2009, 2.1",
          {{"data_dim", "4"}, {"channels", "1"}, {"height", "2"}, {"width", "2"}, {"states", "3"}}),
      entry<Independent>("independent", "Independent discrete numbers", "Murphy 2012, 3.5",
                         small_picture({{"states", "3"}})),
      entry<Markov>("markov", "Markov chain of order k over discrete numbers", "Murphy 2012, 17.2",
                    small_picture({{"states", "3"}, {"order_k", "2"}})),
      entry<Nade>("nade", "Neural autoregressive distribution estimator, binary",
                  "arXiv:1605.02226", small_picture({{"hidden", "6"}}),
                  {{{"condition", "label"}, {"classes", "3"}}}),
      entry<OrderlessNade>("orderless_nade", "Orderless deep NADE and its ensembles, binary",
                           "arXiv:1310.1757", small_picture({{"hidden", "6"}, {"ensemble", "2"}})),
      entry<Made>(
          "made", "Masked autoencoder for distribution estimation, binary", "arXiv:1502.03509",
          small_picture({{"hidden", "8"}, {"layers", "2"}, {"masks", "2"}, {"direct", "true"}}),
          {{{"condition", "label"}, {"classes", "3"}},
           {{"condition", "label"}, {"classes", "3"}, {"layers", "0"}, {"masks", "1"}}}),
      entry<CategoricalNade>("categorical_nade", "NADE for numbers of several states",
                             "arXiv:1605.02226", small_picture({{"states", "3"}, {"hidden", "6"}})),
      entry<Rnade>("rnade", "Real-valued neural autoregressive density estimator",
                   "arXiv:1306.0186", {{"data_dim", "4"}, {"hidden", "6"}, {"components", "3"}}),
      entry<PixelRnn>(
          "pixel_rnn", "LSTMs over the pixels of pictures: Row LSTM, Diagonal BiLSTM",
          "arXiv:1601.06759",
          small_picture({{"states", "3"}, {"hidden", "3"}, {"layers", "2"}, {"head", "4"}}),
          {{{"kind", "row"}, {"states", "2"}, {"skip", "true"}, {"first_pixel", "data"}},
           {{"condition", "label"}, {"classes", "3"}, {"initial_state", "zero"}, {"scales", "2"}},
           small_colours({{"kind", "row"}, {"hidden", "4"}, {"ordering", "serpentine"}}),
           small_colours({{"hidden", "4"}, {"ordering", "column"}})}),
      entry<PixelCnn>(
          "pixel_cnn", "Masked convolutions over the pixels of pictures", "arXiv:1601.06759",
          small_picture({{"states", "3"}, {"hidden", "4"}, {"layers", "2"}, {"head", "4"}}),
          {{{"states", "2"}, {"condition", "label"}, {"classes", "3"}, {"ordering", "column"}},
           small_colours({{"first_pixel", "uniform"}})}),
      entry<GatedPixelCnn>(
          "gated_pixel_cnn", "Two stacks of gated masked convolutions over the pixels of pictures",
          "arXiv:1606.05328",
          small_picture({{"states", "3"}, {"maps", "4"}, {"layers", "3"}, {"head", "4"}}),
          {{{"states", "2"}, {"condition", "label"}, {"classes", "3"}},
           small_colours({{"ordering", "serpentine"}, {"layers", "1"}})}),
      entry<PixelCnnPp>(
          "pixel_cnn_pp", "PixelCNN++: mixtures of discretised logistic laws, three resolutions",
          "arXiv:1701.05517",
          small_picture({{"states", "5"},
                         {"maps", "4"},
                         {"components", "2"},
                         {"blocks", "1"},
                         {"resolutions", "2"}}),
          {{{"condition", "label"}, {"classes", "3"}, {"resolutions", "3"}, {"dropout", "0"}},
           small_colours({{"states", "4"}, {"ordering", "column"}})}),
      entry<Autoencoder>("autoencoder", "Autoencoder, also denoising",
                         "doi:10.1126/science.1127647",
                         small_picture({{"hidden", "8"}, {"latent", "2"}, {"denoise", "mask"}})),
      entry<KMeans>("kmeans", "k-means clustering",
                    "Lloyd 1982; Arthur & Vassilvitskii 2007; Sculley 2010",
                    small_picture({{"clusters", "3"}, {"start_items", "20"}})),
      entry<Pca>("pca", "Principal components and probabilistic PCA",
                 "Tipping & Bishop 1999; arXiv:0909.4061", small_picture({{"components", "3"}})),
      entry<GaussianMixture>(
          "gaussian_mixture", "Mixture of Gaussians, by EM", "Dempster, Laird & Rubin 1977",
          {{"data_dim", "3"}, {"components", "2"}, {"tolerance", "0.01"}, {"start_items", "20"}}),
      entry<KernelDensity>("kernel_density", "Kernel density estimate (Parzen windows)",
                           "Parzen 1962; Duin 1976", {{"data_dim", "3"}, {"centres", "100"}}),
      entry<Vae>("vae", "Variational autoencoder", "arXiv:1312.6114",
                 small_picture({{"hidden", "8"},
                                {"latent", "2"},
                                {"posterior", "iaf"},
                                {"kl_warmup", "10"},
                                {"k", "2"}}),
                 {{{"condition", "label"}, {"classes", "3"}, {"posterior", "diagonal"}}}),
      entry<Aae>(
          "aae", "Adversarial autoencoder", "arXiv:1511.05644",
          small_picture(
              {{"hidden", "8"}, {"latent", "2"}, {"prior", "swiss_roll"}, {"critic_hidden", "8"}}),
          {{{"prior", "gaussian"}, {"supervision", "semi"}, {"classes", "3"}, {"labels", "6"}},
           {{"supervision", "label"}, {"classes", "3"}, {"labels", "6"}}}),
      entry<Wae>(
          "wae", "Wasserstein autoencoder", "arXiv:1711.01558",
          small_picture(
              {{"hidden", "8"}, {"latent", "2"}, {"penalty", "gan"}, {"critic_hidden", "8"}})),
      entry<LadderVae>("ladder_vae", "Ladder variational autoencoder", "arXiv:1602.02282",
                       small_picture({{"latents", "3,2"}, {"hidden", "8,6"}, {"kl_warmup", "10"}}),
                       {{{"decoder", "gaussian"}}, {{"decoder", "categorical"}, {"states", "3"}}}),
      entry<Dcgan>("dcgan", "Deep convolutional generative adversarial network", "arXiv:1511.06434",
                   {{"channels", "1"},
                    {"height", "28"},
                    {"width", "28"},
                    {"filters", "4"},
                    {"latent", "4"}}),
      entry<Gan>("gan", "Generative adversarial network", "arXiv:1406.2661",
                 small_picture({{"hidden", "8"}, {"latent", "3"}, {"unroll", "2"}}),
                 {{{"condition", "label"}, {"classes", "3"}, {"unroll", "0"}},
                  {{"discriminators", "2"}, {"unroll", "0"}},
                  {{"objective", "least_squares"}, {"critic_steps", "2"}, {"unroll", "0"}}}),
      entry<Infogan>("infogan", "Generative adversarial network whose codes can be read back",
                     "arXiv:1606.03657",
                     small_picture({{"network", "dense"},
                                    {"hidden", "8"},
                                    {"latent", "3"},
                                    {"categories", "3"},
                                    {"reader_hidden", "6"}})),
      entry<ProgressiveGan>("progressive_gan",
                            "Progressively growing generative adversarial network",
                            "arXiv:1710.10196",
                            {{"channels", "1"},
                             {"height", "8"},
                             {"width", "8"},
                             {"features", "4"},
                             {"latent", "3"},
                             {"stable_rounds", "2"},
                             {"fade_rounds", "2"},
                             {"minibatch_deviation", "false"}},
                            {{{"objective", "nonsaturating"}}}),
      entry<Pix2pix>("pix2pix", "Translation of pictures, learned from pairs", "arXiv:1611.07004",
                     {{"channels", "1"},
                      {"height", "16"},
                      {"width", "16"},
                      {"channels_b", "2"},
                      {"filters", "4"},
                      {"patch_halvings", "1"}},
                     {{{"direction", "b2a"}, {"halvings", "2"}}}),
      entry<Cyclegan>(
          "cyclegan", "Translation of pictures, learned without pairs", "arXiv:1703.10593",
          {{"channels", "1"},
           {"height", "16"},
           {"width", "16"},
           {"channels_b", "1"},
           {"filters", "2"},
           {"blocks", "1"},
           {"critic_filters", "2"},
           {"pool", "60"}},
          {{{"channels_b", "2"}, {"pool", "0"}, {"network", "unet"}, {"blocks", "auto"}}}),
  };
  return table;
}

const ModelEntry& find_model(const std::string& name) { return find_named(models(), name); }

namespace {

// A model that can do without states (their number may be 0) is told 0 where the data have none.
std::int64_t states_fact(const FieldInfo& field, const DataInfo& info,
                         std::optional<Binarize> binarize) {
  if (field.low > 0) return states_of(info, binarize);
  if (info.values == Values::states) return info.levels;
  return info.values == Values::binary || binarize ? 2 : 0;
}

}  // namespace

OptionMap data_facts(const ModelEntry& entry, const DataInfo& info,
                     std::optional<Binarize> binarize) {
  OptionMap all{{"data_dim", std::to_string(info.item_size())},
                {"classes", std::to_string(info.classes)}};
  const bool image = info.is_image();
  all["channels"] = std::to_string(image ? info.shape[0] : 0);
  all["height"] = std::to_string(image ? info.shape[1] : 0);
  all["width"] = std::to_string(image ? info.shape[2] : 0);
  const auto* b = info.field("b");
  all["channels_b"] = std::to_string(b && b->shape.size() == 3 ? b->shape[0] : 0);
  const auto* code = info.field("code");
  all["code_size"] = std::to_string(code ? code->size() : 0);
  OptionMap facts;
  for (const auto& field : entry.fields) {
    if (!field.from_data) continue;
    if (field.name == "channels_b" && !b && !entry.sources.empty()) continue;  // of another source
    if (field.name == "channels_b" && !b)
      throw ConfigError("data",
                        fmt::format("{} learns from pairs of pictures, and {} has no second "
                                    "one; use pairs:DIR_A,b=DIR_B or shapes:pair=outline",
                                    entry.name, info.name));
    facts.emplace(field.name, field.name == "states"
                                  ? std::to_string(states_fact(field, info, binarize))
                                  : all.at(field.name));
  }
  return facts;
}

std::shared_ptr<Model> make_model(const ModelEntry& entry, const OptionMap& options,
                                  std::uint64_t seed) {
  Rng init(seed, "init");
  Rng::Scope scope(init);
  return entry.make(options);
}

}  // namespace kiln

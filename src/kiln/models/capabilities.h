#pragma once

#include "kiln/models/informative.h"
#include "kiln/models/latent_joint.h"
#include "kiln/models/model.h"

namespace kiln {

/// Calls f.operator()<Interface>(name) for every interface of models that the program names: the
/// one list of them.
template <class F>
void for_each_capability(const F& f) {
  f.template operator()<Sampler>("sampler");
  f.template operator()<Likelihood>("likelihood");
  f.template operator()<Autoregressive>("autoregressive");
  f.template operator()<Standardised>("standardised");
  f.template operator()<Bound>("bound");
  f.template operator()<Encoder>("encoder");
  f.template operator()<Decoder>("decoder");
  f.template operator()<Prior>("prior");
  f.template operator()<Critic>("critic");
  f.template operator()<Completer>("completer");
  f.template operator()<Classifier>("classifier");
  f.template operator()<Translator>("translator");
  f.template operator()<Informative>("informative");
  f.template operator()<LatentJoint>("latent_joint");
}

}  // namespace kiln

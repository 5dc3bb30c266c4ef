#pragma once

#include <string>
#include <vector>

#include "kiln/metrics/likelihood.h"
#include "kiln/use/report_page.h"

namespace kiln::report {

/// What a report says of a run that only the model itself can tell.
struct Measured {
  std::int64_t step = 0;                                  ///< Of the checkpoint used.
  std::int64_t parameters = 0;                            ///< Numbers that training moves.
  std::string data;                                       ///< What the figures were measured on.
  std::vector<std::pair<std::string, Estimate>> figures;  ///< nll, bpd, elbo, iwae.
  std::string sections;                                   ///< HTML.
};

Measured measure(const std::string& run, const ReportOptions& options, const Hooks& hooks);

}  // namespace kiln::report

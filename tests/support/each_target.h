#pragma once

#include <hwy/targets.h>

namespace kiln {

/// Runs `body` once for each instruction set of this machine.
template <class Body>
void on_each_target(const Body& body) {
  const auto targets = hwy::SupportedTargets() & (HWY_SCALAR | HWY_SSE4 | HWY_AVX2 | HWY_AVX3);
  for (std::int64_t left = targets; left; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left & -left);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace kiln

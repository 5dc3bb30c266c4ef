#pragma once

// Which instruction sets the kernels are compiled for; included before Highway by every *_simd.cpp.
// SSSE3 is left out because machines without SSE4 are too rare to pay for its code, SVE and RVV
// because their vectors have no size at compile time and the kernels keep vectors in arrays.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

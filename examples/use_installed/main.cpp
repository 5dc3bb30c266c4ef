// Uses an installed Kiln: prints the mean square of 100000 standard normal draws, which is 1 up to
// 5 sqrt(2 / 100000) = 0.022.
#include <kiln/core/rng.h>

#include <cstdio>

int main() {
  kiln::Rng rng(/*seed=*/1, "example");
  std::printf("%.6f\n", rng.normal({100000}).square().mean().item<double>());
}

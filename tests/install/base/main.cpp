// Opens a data source and prints how many numbers an item has: 28 x 28 = 784.  The SPEC parser
// knows every reader, so this links every library that reads files.
#include <kiln/data/source.h>

#include <cstdio>

int main() {
  const auto source = kiln::open_source(kiln::parse_source("digits"));
  std::printf("%d\n", static_cast<int>(source.splits.train->info().item_size()));
}

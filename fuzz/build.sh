#!/bin/sh
# Builds every fuzzer and the seeds in build/fuzz.  Run it in the root of the repository.
set -e
compiler=${CXX:-clang++-14}
mkdir -p build/fuzz
flags="-std=c++20 -O1 -g -DFMT_HEADER_ONLY -Isrc -I. $(pkg-config --cflags libwebp libwebpmux libzip libxxhash tomlplusplus)"
libraries="$(pkg-config --libs libpng libjpeg libwebp libwebpmux libzip libxxhash zlib tomlplusplus)"
sources="$(ls src/kiln/core/error.cpp src/kiln/core/text.cpp src/kiln/core/options.cpp src/kiln/core/philox.cpp \
  src/kiln/io/*.cpp src/kiln/data/*.cpp src/kiln/data/synthetic/*.cpp src/kiln/graphical/*.cpp)"
for source in $sources; do
  object=build/fuzz/$(basename "$source" .cpp).o
  [ "$object" -nt "$source" ] ||
    $compiler $flags -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -c "$source" -o "$object"
done
objects=$(for source in $sources; do echo build/fuzz/$(basename "$source" .cpp).o; done)
for target in fuzz/*_fuzz.cpp; do
  $compiler $flags -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all "$target" $objects $libraries \
    -o build/fuzz/$(basename "$target" .cpp)
done
$compiler $flags -fsanitize=address,undefined fuzz/make_seeds.cpp $objects $libraries -o build/fuzz/make_seeds
build/fuzz/make_seeds build/fuzz/seeds

# kiln_base: errors, options, randomness for data, files, data sources and Bayesian networks.  It never sees LibTorch, so it builds in seconds
# and runs under sanitizers.  kiln: everything that touches tensors.
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
find_package(tomlplusplus REQUIRED)  # not header-only in Debian
find_package(Boost REQUIRED CONFIG)  # headers only: the incomplete gamma function
find_package(PkgConfig REQUIRED)
pkg_check_modules(KILN_PKG REQUIRED IMPORTED_TARGET libwebp libwebpmux libzip libxxhash)

file(GLOB_RECURSE KILN_BASE_SOURCES CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/src/kiln/io/*.cpp
     ${PROJECT_SOURCE_DIR}/src/kiln/data/*.cpp
     ${PROJECT_SOURCE_DIR}/src/kiln/graphical/*.cpp)
foreach(file core/error metrics/metric_table core/options core/philox core/recipe core/text core/version prob/chain_messages prob/f_divergence prob/line_law
        prob/markov_chain prob/ordering prob/parameter_count prob/table registry/model_info theory/legendre theory/line_divergences
        theory/ordering_picture theory/parameter_table train/run_config train/run_folder train/schedule train/train_options use/given_text)
  list(APPEND KILN_BASE_SOURCES ${PROJECT_SOURCE_DIR}/src/kiln/${file}.cpp)
endforeach()
# Our flags, and header-only libraries that our sources need and our headers do not: who uses an installed Kiln needs none.
set(KILN_BUILD_ONLY $<BUILD_INTERFACE:kiln_flags> $<BUILD_INTERFACE:nlohmann_json::nlohmann_json> $<BUILD_INTERFACE:Boost::headers>)
add_library(kiln_base STATIC ${KILN_BASE_SOURCES})
add_library(kiln::kiln_base ALIAS kiln_base)
target_compile_features(kiln_base PUBLIC cxx_std_20)
target_include_directories(kiln_base PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<INSTALL_INTERFACE:include>)
# One small file knows the commit, so a new one costs a second.
set(KILN_COMMIT "")
if(EXISTS ${PROJECT_SOURCE_DIR}/.git/logs/HEAD)
  execute_process(COMMAND git -c safe.directory=${PROJECT_SOURCE_DIR} -C ${PROJECT_SOURCE_DIR} rev-parse --short=12 HEAD
                  OUTPUT_VARIABLE KILN_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/.git/logs/HEAD)
endif()
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/kiln/core/version.cpp PROPERTIES
                            COMPILE_DEFINITIONS "KILN_VERSION=\"${PROJECT_VERSION}\";KILN_COMMIT=\"${KILN_COMMIT}\"")
target_link_libraries(kiln_base PUBLIC fmt::fmt
  PRIVATE PNG::PNG JPEG::JPEG ZLIB::ZLIB PkgConfig::KILN_PKG tomlplusplus::tomlplusplus Threads::Threads ${KILN_BUILD_ONLY})
# What fetches published data sets; the program's own, and no part of the libraries.
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(LibArchive REQUIRED)
file(GLOB KILN_FETCH_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/kiln/fetch/*.cpp)
add_library(kiln_fetch STATIC ${KILN_FETCH_SOURCES})
target_include_directories(kiln_fetch PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(kiln_fetch PUBLIC kiln_base PRIVATE kiln_flags CURL::libcurl OpenSSL::Crypto LibArchive::LibArchive ZLIB::ZLIB)

if(KILN_SANITIZE)
  return()
endif()

find_package(Torch 1.13 REQUIRED)
find_package(hwy REQUIRED)
find_package(OpenMP REQUIRED)  # without its flag at::parallel_for, a header template, silently runs on one thread

# One precompiled header for every target that sees LibTorch.  What it holds costs every file that uses it, so only what most files
# need stands in it, and <torch/torch.h>, twice as dear, is included nowhere.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/pch.cpp CONTENT "// carries the precompiled header\n")  # written once: a new file would build anew
add_library(kiln_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cpp)
target_link_libraries(kiln_pch PUBLIC torch OpenMP::OpenMP_CXX fmt::fmt PRIVATE kiln_flags)
target_precompile_headers(kiln_pch PRIVATE <algorithm> <cmath> <filesystem> <functional> <map> <memory> <numeric> <optional> <set> <string>
  <vector> <fmt/format.h> <torch/autograd.h> <torch/nn/modules/linear.h> <torch/types.h> <torch/utils.h>)

file(GLOB_RECURSE KILN_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/kiln/*.cpp)
list(REMOVE_ITEM KILN_SOURCES ${KILN_BASE_SOURCES})
set(KILN_KERNEL_SOURCES ${KILN_SOURCES})
list(FILTER KILN_KERNEL_SOURCES INCLUDE REGEX "/kernels/[^/]*_simd\\.cpp$")
# A model is compiled alone, so that a change of one costs seconds; and so is vector code, which has flags of its own.
set(KILN_SINGLE_SOURCES ${KILN_SOURCES})
list(FILTER KILN_SINGLE_SOURCES INCLUDE REGEX "/models/[^/]+/|_simd\\.cpp$|/registry/models\\.cpp$")
list(REMOVE_ITEM KILN_SOURCES ${KILN_SINGLE_SOURCES})
kiln_group(library ${KILN_SOURCES})
add_library(kiln STATIC ${library} ${KILN_SINGLE_SOURCES})
target_include_directories(kiln PRIVATE ${PROJECT_SOURCE_DIR})
add_library(kiln::kiln ALIAS kiln)
target_link_libraries(kiln PUBLIC kiln_base torch OpenMP::OpenMP_CXX
  PRIVATE hwy::hwy Threads::Threads ${CMAKE_DL_LIBS} ${KILN_BUILD_ONLY})
target_precompile_headers(kiln REUSE_FROM kiln_pch)
# Files named *_simd.cpp hold vector code that is compiled once per instruction set; they see no LibTorch.
set_source_files_properties(${KILN_KERNEL_SOURCES} PROPERTIES SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "-O3")

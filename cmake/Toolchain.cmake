# Compiler settings shared by every target, attached through the interface library kiln_flags.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2")

# ccache with a precompiled header needs these two: the flag keeps macros visible to it, the sloppiness lets it trust the PCH.
find_program(KILN_CCACHE ccache)
if(KILN_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${KILN_CCACHE})
endif()

find_program(KILN_LLD ld.lld)
if(KILN_LLD)
  add_link_options(-fuse-ld=lld)
endif()

add_library(kiln_flags INTERFACE)
target_compile_options(kiln_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -fpch-preprocess -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
  target_compile_options(kiln_flags INTERFACE  # wrong about inlined vectors and strings: said, but no error
                         -Wno-error=free-nonheap-object -Wno-error=array-bounds -Wno-error=stringop-overflow -Wno-error=stringop-overread
                         -Wno-error=restrict)
endif()
if(KILN_WERROR)
  target_compile_options(kiln_flags INTERFACE -Werror)
endif()
if(KILN_SANITIZE)
  add_compile_options(-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

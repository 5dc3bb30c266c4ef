#pragma once

namespace kiln {

// Where this build lies. Only places.cpp is compiled with the paths, so that every other test file
// compiles to the same bytes, and comes from the cache, wherever the tree lies.

const char* program_path();   ///< Of the program `kiln` of this build.
const char* source_folder();  ///< Of the tree.

}  // namespace kiln

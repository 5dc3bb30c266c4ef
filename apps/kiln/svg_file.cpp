#include "apps/kiln/svg_file.h"

#include "kiln/io/atomic_file.h"

namespace kiln::program {

void write_picture(const std::string& out, const std::string& svg) {
  make_folder_of(out);
  write_file_atomically(out, svg);
}

}  // namespace kiln::program

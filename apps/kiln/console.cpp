#include "apps/kiln/console.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/kiln/streams.h"
#include "kiln/core/error.h"

namespace kiln::program {

void Console::note(const std::string& line) const {
  if (!quiet) warn(line);
}

void Console::warn(const std::string& line) const { say(stderr, printable(line) + "\n"); }

// Names may hold bytes that are no UTF-8; JSON holds none.
void Console::result(const std::string& text, const nlohmann::json& object) const {
  using nlohmann::json;
  const auto line =
      this->json ? object.dump(-1, ' ', false, json::error_handler_t::replace) : printable(text);
  say(stdout, line + "\n");
  if (std::ferror(stdout))
    throw IoError("kiln", "the answer could not be written to standard output");
}

}  // namespace kiln::program

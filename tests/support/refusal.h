#pragma once

#include <string>

#include "kiln/core/error.h"

namespace kiln {

/// The message of the E that `call` throws; other errors pass through.
template <class E = Error, class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const E& refusal) {
    return refusal.what();
  }
  return "nothing was thrown";
}

}  // namespace kiln

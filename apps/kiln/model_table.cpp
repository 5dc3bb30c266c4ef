#include "apps/kiln/model_table.h"

namespace kiln::program {

extern const char* const kModelTableJson;  // in the build folder, written by write_model_table

const std::vector<ModelInfo>& model_table() {
  static const auto table = model_infos_from_json(kModelTableJson);
  return table;
}

const ModelInfo& find_model_info(const std::string& name) {
  return find_named(model_table(), name);
}

}  // namespace kiln::program

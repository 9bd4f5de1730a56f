#include "models/all.hpp"

namespace jidian::plant::models {

const std::vector<Model>& all() {
  static const std::vector<Model> models = [] {
    std::vector<Model> built;
    for (const auto describe :
         {chint_dtsu666, chint_pd666, acrel_adl400, eastron_sdm630, schneider_iem3155, siemens_pac3200, janitza_umg96rm,
          carlogavazzi_em340, fuxin_gas, plc_counter, sunspec_meter})
      built.emplace_back(describe());
    return built;
  }();
  return models;
}

}  // namespace jidian::plant::models

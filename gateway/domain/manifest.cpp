#include "domain/manifest.hpp"

namespace jidian::domain {

std::string_view name_of(FacilityKind kind) {
  switch (kind) {
    case FacilityKind::production:
      return "production";
    case FacilityKind::treatment:
      return "treatment";
    case FacilityKind::auxiliary:
      return "auxiliary";
    case FacilityKind::generation:
      return "generation";
    case FacilityKind::storage:
      return "storage";
  }
  return "unknown";
}

}  // namespace jidian::domain

#include "domain/facility.hpp"

namespace jidian::domain {

std::string_view name_of(FacilityState state) {
  switch (state) {
    case FacilityState::unknown:
      return "unknown";
    case FacilityState::de_energised:
      return "de_energised";
    case FacilityState::stopped:
      return "stopped";
    case FacilityState::idle:
      return "idle";
    case FacilityState::running:
      return "running";
  }
  return "unknown";
}

}  // namespace jidian::domain

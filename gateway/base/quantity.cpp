#include "base/quantity.hpp"

namespace jidian {

std::string_view name_of(Carrier carrier) {
  switch (carrier) {
    case Carrier::none:
      return "none";
    case Carrier::electricity:
      return "electricity";
    case Carrier::gas:
      return "gas";
    case Carrier::heat:
      return "heat";
    case Carrier::water:
      return "water";
  }
  return "unknown";
}

std::string_view name_of(PointKind kind) {
  switch (kind) {
    case PointKind::instantaneous:
      return "instantaneous";
    case PointKind::counter:
      return "counter";
    case PointKind::state:
      return "state";
    case PointKind::attribute:
      return "attribute";
  }
  return "unknown";
}

std::string_view name_of(ValueType type) {
  switch (type) {
    case ValueType::unsigned_integer:
      return "unsigned_integer";
    case ValueType::signed_integer:
      return "signed_integer";
    case ValueType::float32:
      return "float32";
    case ValueType::float64:
      return "float64";
  }
  return "unknown";
}

}  // namespace jidian

#include "domain/event.hpp"

namespace jidian::domain {

std::string_view name_of(EventKind kind) {
  switch (kind) {
    case EventKind::epoch:
      return "epoch";
    case EventKind::start:
      return "start";
    case EventKind::stop:
      return "stop";
    case EventKind::manifest:
      return "manifest";
    case EventKind::gap:
      return "gap";
    case EventKind::clock:
      return "clock";
    case EventKind::evicted:
      return "evicted";
    case EventKind::meter_silent:
      return "meter_silent";
    case EventKind::meter_back:
      return "meter_back";
    case EventKind::bus_down:
      return "bus_down";
    case EventKind::bus_back:
      return "bus_back";
    case EventKind::receipt_refused:
      return "receipt_refused";
    case EventKind::batch_rejected:
      return "batch_rejected";
    case EventKind::command_refused:
      return "command_refused";
    case EventKind::counter_step:
      return "counter_step";
    case EventKind::store_damaged:
      return "store_damaged";
    case EventKind::duplicate_identity:
      return "duplicate_identity";
    case EventKind::configuration:
      return "configuration";
    case EventKind::learned:
      return "learned";
    case EventKind::foreign_meter:
      return "foreign_meter";
    case EventKind::ratio_changed:
      return "ratio_changed";
    case EventKind::foreign_master:
      return "foreign_master";
    case EventKind::facility_state:
      return "facility_state";
    case EventKind::directive:
      return "directive";
    case EventKind::data_quality:
      return "data_quality";
    case EventKind::certificate:
      return "certificate";
    case EventKind::update:
      return "update";
    case EventKind::implausible:
      return "implausible";
    case EventKind::signoff:
      return "signoff";
    case EventKind::replaced:
      return "replaced";
    case EventKind::mark:
      return "mark";
  }
  return "unknown";
}

}  // namespace jidian::domain

#include "domain/quality.hpp"

namespace jidian::domain {

std::string_view name_of(Quality quality) {
  switch (quality) {
    case Quality::ok:
      return "ok";
    case Quality::no_answer:
      return "no_answer";
    case Quality::refused:
      return "refused";
    case Quality::corrupt:
      return "corrupt";
    case Quality::not_available:
      return "not_available";
    case Quality::out_of_range:
      return "out_of_range";
    case Quality::implausible:
      return "implausible";
    case Quality::unsynchronised:
      return "unsynchronised";
    case Quality::maintenance:
      return "maintenance";
    case Quality::calibration:
      return "calibration";
    case Quality::manual:
      return "manual";
    case Quality::stopped:
      return "stopped";
    case Quality::supply_lost:
      return "supply_lost";
  }
  return "unknown";
}

char hj212_letter(Quality quality) {
  switch (quality) {
    case Quality::ok:
    case Quality::unsynchronised:
      return 'N';
    case Quality::no_answer:
    case Quality::supply_lost:
      return 'B';
    case Quality::refused:
    case Quality::corrupt:
    case Quality::not_available:
    case Quality::implausible:
      return 'D';
    case Quality::out_of_range:
      return 'T';
    case Quality::maintenance:
      return 'M';
    case Quality::calibration:
      return 'C';
    case Quality::manual:
      return 'S';
    case Quality::stopped:
      return 'F';
  }
  return 'D';
}

std::string_view name_of(GapCause cause) {
  switch (cause) {
    case GapCause::meter_silent:
      return "meter_silent";
    case GapCause::bus_fault:
      return "bus_fault";
    case GapCause::foreign_master:
      return "foreign_master";
    case GapCause::queue_full:
      return "queue_full";
    case GapCause::box_off:
      return "box_off";
    case GapCause::supply_lost:
      return "supply_lost";
    case GapCause::clean_stop:
      return "clean_stop";
    case GapCause::crash:
      return "crash";
    case GapCause::watchdog:
      return "watchdog";
    case GapCause::update:
      return "update";
    case GapCause::configuration:
      return "configuration";
    case GapCause::clock:
      return "clock";
    case GapCause::evicted:
      return "evicted";
    case GapCause::damaged:
      return "damaged";
  }
  return "unknown";
}

}  // namespace jidian::domain

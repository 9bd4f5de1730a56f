#pragma once

#include <cstddef>
#include <string>

#include "config/site.hpp"

namespace jidian::config {

/// What a site sends in a month of 30.4 days over all uplinks that leave the box, in bytes on the wire: with MQTT, TLS,
/// TCP and IP, receipts too. An estimate after the measurements of docs/configuration.md, "What a site costs": what
/// meters show decides how well readings are packed.
struct Traffic {
  std::size_t uplinks = 0;  ///< Those that leave the box; a broker on it costs nothing.
  std::size_t points = 0;
  double live = 0;     ///< The topic `live`, with the site's `live_interval`.
  double batches = 0;  ///< Readings and rows, of the streams that each uplink takes.
};

Traffic traffic_of(const Site& site);

/// "4.2 GB", "71 MB", "350 kB".
std::string format_traffic(double bytes);

}  // namespace jidian::config

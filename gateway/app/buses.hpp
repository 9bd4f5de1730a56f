#pragma once

#include <memory>
#include <string>
#include <vector>

#include "acquire/bus.hpp"
#include "acquire/poller.hpp"
#include "config/site.hpp"

namespace jidian::app {

/// The real bus behind a [[bus]].
std::unique_ptr<acquire::Bus> make_bus(const config::Bus& bus);

/// How a [[bus]] is to be heard before it is used; `used_before`: by an earlier run, with the same port and settings.
acquire::LineManners manners_of(const config::Bus& bus, bool used_before);

/// A [[meter]] as pollers want it. `index` is what its poller calls it.
acquire::PolledMeter polled_meter_of(const config::Meter& meter, domain::MeterIndex index);

/// Who may give orders through an uplink: ids of issuers.
std::vector<std::string> issuers_of(const config::Site& site, const std::string& uplink);

}  // namespace jidian::app

#pragma once

#include <string>

#include "acquire/identity_watch.hpp"
#include "acquire/line_guard.hpp"
#include "acquire/ratio_watch.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/event.hpp"

/// The sentences a poller's events are told in.
namespace jidian::acquire {

domain::Event meter_silent(const std::string& meter, unsigned misses, const Error& why, UtcTime now);
domain::Event meter_back(const std::string& meter, std::int64_t silent_s, UtcTime now);
domain::Event bus_down(const std::string& bus, const std::string& trouble, const std::string& address, UtcTime now);
domain::Event bus_back(const std::string& bus, std::int64_t down_s, UtcTime now);
domain::Event foreign_master(const std::string& bus, const Evidence& news, UtcTime now);
domain::Event foreign_meter(const std::string& meter, const IdentityWatch::Surprise& surprise, UtcTime now);
domain::Event ratio_changed(const std::string& meter, const RatioWatch::Change& change, UtcTime now);

}  // namespace jidian::acquire

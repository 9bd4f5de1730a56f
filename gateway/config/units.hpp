#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace jidian::config {

/// "250ms", "10s", "5m", "12h", "90d". Nothing if it is no such duration or overflows.
std::optional<Millis> parse_duration(std::string_view text);

/// "512MiB", "4GB", "4096" (bytes): powers of 1000 for kB, MB, GB, TB, of 1024 for KiB, MiB, GiB, TiB.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// "+08:00", "-03:30": at most 14 hours either way.
std::optional<std::chrono::minutes> parse_utc_offset(std::string_view text);

/// "250ms", "10s", … : the largest unit that is exact.
std::string format_duration(Millis duration);

/// Whether `code` is a unified social credit code whose last character checks the others (GB 32100-2015).
bool is_credit_code(std::string_view code);

/// Whether `text` is a date of the calendar as "2025-03-01".
bool is_date(std::string_view text);

/// Whether `text` is a transformer ratio as "200/5".
bool is_ratio(std::string_view text);

/// Whether `host` is this machine: localhost, 127.0.0.0/8 or ::1.
bool is_loopback(std::string_view host);

/// The parts of "mqtts://host:8883"; IPv6 addresses stand in brackets.
struct Url {
  std::string scheme;
  std::string host;
  std::optional<std::uint16_t> port;
};

/// Nothing if `text` is not `scheme://host` or `scheme://host:port`.
std::optional<Url> parse_url(std::string_view text);

}  // namespace jidian::config

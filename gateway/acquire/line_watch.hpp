#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "meter/profile.hpp"

/// What a bus can tell of itself beside the values it reads: for commissioning, diagnosis and good manners.
namespace jidian::acquire {

/// The settings of a serial line that a search may try.
struct LineSettings {
  std::uint32_t baud = 9600;
  meter::Parity parity = meter::Parity::none;
  std::uint8_t stop_bits = 1;
  friend bool operator==(const LineSettings&, const LineSettings&) = default;
};

/// Settings for people: "9600 8N1".
std::string to_string(const LineSettings& settings);

/// What a run of bytes on the bus was.
enum class FrameKind : std::uint8_t {
  request,  ///< Sent by us.
  reply,    ///< The answer to our last request, exceptions included.
  late,     ///< A whole, valid frame of one of our units that came when nobody waited for it.
  foreign,  ///< A whole, valid frame nobody here asked for: another master, or a reply to one.
  echo,     ///< Our own request heard again: the adapter does not switch off its receiver.
  noise,    ///< Bytes that are no valid frame.
};

/// The word for a kind: "request", "foreign", …
std::string_view name_of(FrameKind kind);

/// One frame, or what came in its place.
struct Frame {
  FrameKind kind = FrameKind::noise;
  UtcTime time;                           ///< When its first byte was sent or heard.
  std::chrono::microseconds duration{0};  ///< From its first to its last byte, as far as the kernel shows it.
  Bytes bytes;                            ///< With unit and CRC (serial) or header (TCP); at most 300 bytes.
};

/// What a bus has counted since it was made. All of it only grows.
struct BusCounters {
  std::uint64_t requests = 0;
  std::uint64_t replies = 0;     ///< Good ones, exceptions not included.
  std::uint64_t exceptions = 0;  ///< Valid replies that say no.
  std::uint64_t timeouts = 0;
  std::uint64_t corrupt = 0;  ///< Replies with a wrong CRC, unit, function, length or header.
  std::uint64_t late = 0;     ///< Whole frames that came after their time.
  std::uint64_t foreign = 0;  ///< Whole frames nobody here asked for.
  std::uint64_t echoes = 0;
  std::uint64_t stray_bytes = 0;     ///< Bytes outside of any frame.
  std::uint64_t framing_errors = 0;  ///< As the serial driver counts them (wrong baud, noise); 0 where it does not.
  std::uint64_t parity_errors = 0;
  std::uint64_t overruns = 0;
  friend bool operator==(const BusCounters&, const BusCounters&) = default;
};

/// What was heard while we kept silent.
struct Heard {
  std::uint64_t bytes = 0;
  std::vector<Frame> frames;  ///< Valid frames (`foreign`) and runs of noise, at most 32, the first ones.
  /// Whether another master speaks here: at least one whole valid frame of somebody else.
  bool foreign_traffic() const;
};

/// What came when a unit was asked only to learn whether it is there.
struct Probe {
  bool answered = false;             ///< A valid reply of this unit, exceptions included.
  std::uint8_t exception = 0;        ///< The exception it replied with, else 0.
  std::vector<std::uint8_t> others;  ///< Units of other valid frames that came meanwhile: late, or not for us.
  std::size_t noise_bytes = 0;       ///< Bytes of no valid frame.
};

using FrameWatcher = std::function<void(const Frame&)>;

}  // namespace jidian::acquire

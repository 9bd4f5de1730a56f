#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "host/clock_quality.hpp"

namespace jidian::host {

/// Where `jidian-clock` writes and the gateway reads.
constexpr const char* clock_notice_folder = "/run/jidian-clock";

/// How often a notice is written: with a reader that looks as often, an answer is a second old at most.
constexpr Millis notice_interval{500};

/// How long the last notice counts if no other follows: enough for a writer that is killed, or waits for slow flash, to
/// come back. Without a step of the clock nothing can happen in it but that a reference is lost.
constexpr Millis notice_age_max{60'000};

/// Both clocks at one moment.
struct Moment {
  Millis since_boot{0};  ///< Suspended time included; the same for all processes.
  Millis utc_ahead{0};   ///< UTC minus that: it moves only if somebody sets the clock.
};

Moment moment_now();

/// The kernel's word on its clock, heard by a process that may ask it and written down for one that may not.
struct ClockNotice {
  KernelClock kernel;
  Moment heard;
};

/// What `notice` still says at `now`; the state is -1 if that is nothing: there is none, it is too old or of another
/// boot, or the clock was set since, by which the kernel takes back what it said.
KernelClock word_of(const std::optional<ClockNotice>& notice, Moment now);

/// One line.
std::string text_of(const ClockNotice& notice);

/// Nothing if it is not the line of `text_of`, whole.
std::optional<ClockNotice> parse_clock_notice(std::string_view text);

/// Readers find the old notice or the new one, never a part. Errors: io.
Status write_clock_notice(const std::filesystem::path& folder, const ClockNotice& notice);

/// Never waits. Nothing if there is none, or no readable one.
std::optional<ClockNotice> read_clock_notice(const std::filesystem::path& folder);

}  // namespace jidian::host

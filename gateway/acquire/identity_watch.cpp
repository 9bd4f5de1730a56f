#include "acquire/identity_watch.hpp"

#include <utility>

#include "acquire/backoff.hpp"
#include "meter/identity.hpp"

namespace jidian::acquire {
namespace {

constexpr Millis identity_interval = std::chrono::hours(24);
constexpr Millis identity_retry_first{60'000};
constexpr Millis identity_retry_most{3'600'000};

/// What of a serial number counts: its letters, as capitals, and digits, without zeros in front.
std::string significant(std::string_view serial) {
  std::string kept;
  for (const char c : serial) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_letter && !is_digit) continue;
    if (kept.empty() && c == '0') continue;
    kept += (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return kept;
}

/// Whether an error says that this meter has no such thing, rather than nothing at all.
bool is_no(const Error& error) {
  return error.kind() == ErrorKind::refused || error.kind() == ErrorKind::unsupported;
}

}  // namespace

bool is_same_serial(std::string_view one, std::string_view other) {
  return significant(one) == significant(other);
}

IdentityWatch::IdentityWatch(const PolledMeter& meter, std::string known)
    : unit_(meter.unit),
      spread_(meter.id),
      identify_(meter.identify),
      serial_(meter.serial),
      expected_(meter.serial_declared) {
  if (expected_.empty()) expected_ = std::move(known);
}

std::vector<IdentityWatch::Surprise> IdentityWatch::ask(Line& line, SteadyTime now, const std::stop_token& stop) {
  std::vector<Surprise> surprises;
  Status done = check_serial(line, stop, surprises);
  if (done) done = check_model(line, stop, surprises);
  failures_ = done ? 0 : failures_ + 1;
  next_ = now + (done ? identity_interval : retry_delay(failures_, identity_retry_first, identity_retry_most, spread_));
  return surprises;
}

std::vector<IdentityWatch::Surprise> IdentityWatch::standing() const {
  std::vector<Surprise> surprises;
  if (foreign_) surprises.push_back({"serial", expected_, told_serial_});
  if (!told_model_.empty()) surprises.push_back({"model", identify_.front().matches.front(), told_model_});
  return surprises;
}

Result<std::string> IdentityWatch::read(Line& line, const meter::IdentityPlace& place,
                                        const std::stop_token& stop) const {
  if (place.source == meter::IdentitySource::registers) {
    std::vector<std::uint16_t> words(place.place.count);
    if (auto done = line.read(unit_, place.place, words, stop); !done) return done.error();
    return meter::identity_of(place, words);
  }
  if (auto open = line.ensure_open(stop); !open) return open.error();
  std::string text;
  const auto ask = [&](Bus& bus, const std::stop_token&) -> Status {
    if (place.source == meter::IdentitySource::server_id) {
      const auto bytes = bus.server_id(unit_);
      if (!bytes) return bytes.error();
      text = meter::identity_of(*bytes);
      return {};
    }
    const auto objects = bus.device_identification(unit_);
    if (!objects) return objects.error();
    const auto found = objects->find(place.object);
    if (found != objects->end()) text = found->second;
    return {};
  };
  if (auto done = line.lend(ask, stop); !done) return done.error();
  return text;
}

Result<std::string> IdentityWatch::told_now(Line& line, const std::stop_token& stop) const {
  if (!serial_) return std::string();
  const auto told = read(line, *serial_, stop);
  if (!told && is_no(told.error())) return std::string();
  if (!told) return told.error();
  if (significant(*told).empty()) return std::string();
  if (is_same_serial(*told, expected_)) return told;
  const auto again = read(line, *serial_, stop);
  if (!again) return again.error();
  if (*again != *told) return Error{ErrorKind::corrupt, "the meter tells another serial number each time"};
  return told;
}

void IdentityWatch::adopt(std::string serial) {
  expected_ = std::move(serial);
  told_serial_.clear();
  foreign_ = false;
  next_ = {};
}

Status IdentityWatch::check_serial(Line& line, const std::stop_token& stop, std::vector<Surprise>& surprises) {
  if (!serial_) return {};
  const auto told = read(line, *serial_, stop);
  if (!told && is_no(told.error())) return {};
  if (!told) return told.error();
  if (significant(*told).empty()) return {};
  if (expected_.empty()) expected_ = *told;
  if (is_same_serial(*told, expected_)) {
    foreign_ = false;
    told_serial_.clear();
    return {};
  }
  const auto again = read(line, *serial_, stop);
  if (!again) return again.error();
  if (*again != *told) return Error{ErrorKind::corrupt, "the meter tells another serial number each time"};
  foreign_ = true;
  if (*told != told_serial_) surprises.push_back({"serial", expected_, *told});
  told_serial_ = *told;
  return {};
}

/// A model is wrong if the meter tells one, and none of what it tells is the profile's.
Status IdentityWatch::check_model(Line& line, const std::stop_token& stop, std::vector<Surprise>& surprises) {
  std::string told;
  for (const meter::Identification& identification : identify_) {
    const auto said = read(line, identification.at, stop);
    if (!said && is_no(said.error())) continue;
    if (!said) return said.error();
    if (meter::says_model(identification, *said)) {
      told_model_.clear();
      return {};
    }
    if (told.empty()) told = *said;
  }
  if (told.empty() || told == told_model_) return {};
  told_model_ = told;
  surprises.push_back({"model", identify_.front().matches.front(), told});
  return {};
}

}  // namespace jidian::acquire

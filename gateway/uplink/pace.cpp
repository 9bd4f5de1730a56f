#include "uplink/pace.hpp"

#include <algorithm>
#include <cmath>

namespace jidian::uplink {
namespace {

constexpr Millis shortest_pause{1000};
constexpr Millis first_ceiling{3000};
constexpr Millis takeover_pause{60'000};
constexpr std::uint32_t doublings_max = 20;
/// Beyond all attempts: the offset of the backlog must not follow from the pauses.
constexpr std::uint32_t offset_salt = 0xFFFF'0000;
constexpr Millis shortest_spread_outage{5 * 60'000};
constexpr int offset_share = 16;
constexpr Millis longest_offset{10 * 60'000};

/// FNV-1a with a final mix: a fixed number for each gateway and attempt.
std::uint64_t hash_of(const std::string& text, std::uint32_t attempt) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3ULL;
  hash += (attempt + 1) * 0x9E3779B97F4A7C15ULL;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBULL;
  return hash ^ (hash >> 31);
}

/// The same as a number in [0, 1).
double part_of(const std::string& text, std::uint32_t attempt) {
  return static_cast<double>(hash_of(text, attempt) >> 11) * 0x1p-53;
}

}  // namespace

void TokenBucket::refill(SteadyTime now) {
  const std::chrono::duration<double> passed = now - filled_;
  filled_ = now;
  tokens_ = std::min(per_s_, tokens_ + passed.count() * per_s_);
}

bool TokenBucket::ready(SteadyTime now) {
  refill(now);
  return tokens_ >= 1;
}

SteadyTime TokenBucket::next(SteadyTime now) {
  refill(now);
  if (tokens_ >= 1) return now;
  return now + Millis(static_cast<std::int64_t>(std::ceil((1 - tokens_) / per_s_ * 1000)));
}

ReconnectPace::ReconnectPace(std::string gateway, Millis longest, std::function<double()> random)
    : gateway_(std::move(gateway)), longest_(std::max(longest, shortest_pause)), random_(std::move(random)) {}

double ReconnectPace::spread() {
  // The hash keeps gateways apart whose random numbers start alike after a common power cut.
  const double sum = part_of(gateway_, attempt_) + random_();
  return sum - std::floor(sum);
}

Millis ReconnectPace::next(SteadyTime now, Obstacle obstacle) {
  if (!began_) began_ = now;
  auto ceiling = std::min(longest_, first_ceiling * (std::int64_t{1} << std::min(attempt_, doublings_max)));
  if (obstacle == Obstacle::unreachable)
    ceiling = std::min(ceiling, std::max(short_ceiling, (now - *began_) / outage_share));
  const auto range = static_cast<double>((ceiling - shortest_pause).count());
  const auto pause = shortest_pause + Millis(static_cast<std::int64_t>(range * spread()));
  ++attempt_;
  return pause;
}

Millis ReconnectPace::after_takeover() {
  const auto pause = takeover_pause + Millis(static_cast<std::int64_t>(spread() * 30'000));
  ++attempt_;
  return pause;
}

void ReconnectPace::reset() {
  attempt_ = 0;
  began_.reset();
}

Millis backlog_offset(const std::string& gateway, Millis outage) {
  if (outage < shortest_spread_outage) return Millis(0);
  const auto longest = std::min(outage / offset_share, longest_offset);
  return Millis(static_cast<std::int64_t>(part_of(gateway, offset_salt) * static_cast<double>(longest.count())));
}

void AnswerWatch::answered(SteadyTime sent, SteadyTime now) {
  const auto since = std::max(sent, last_answer_);
  last_answer_ = now;
  if (now - since > first_limit) return;
  limit_ = first_limit;
  window_ = std::min(window_ + 1, widest_window);
}

SteadyTime AnswerWatch::deadline(SteadyTime oldest) const {
  // The second bound is for a broker that answers others but never this one.
  return std::min(std::max(oldest, last_answer_) + limit_, oldest + limit_ * static_cast<int>(widest_window));
}

void AnswerWatch::trip() {
  limit_ = std::min(limit_ * 2, last_limit);
  window_ = std::max<std::size_t>(window_ / 2, 1);
}

}  // namespace jidian::uplink

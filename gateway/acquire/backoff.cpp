#include "acquire/backoff.hpp"

#include <algorithm>
#include <cstdint>

namespace jidian::acquire {
namespace {

/// FNV-1a of the name, stirred with the number so that neighbouring tries differ in every bit.
std::uint64_t hash_of(std::string_view name, unsigned tries) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
  hash += std::uint64_t{tries} * 0x9e3779b97f4a7c15U;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
  return hash ^ (hash >> 31);
}

}  // namespace

Millis retry_delay(unsigned tries, Millis first, Millis most, std::string_view name) {
  Millis delay = first;
  for (unsigned n = 1; n < tries && delay < most; ++n) delay *= 2;
  delay = std::min(delay, most);
  const auto per_mille = static_cast<Millis::rep>(800 + hash_of(name, tries) % 401);
  return delay * per_mille / 1000;
}

}  // namespace jidian::acquire

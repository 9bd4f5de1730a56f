#pragma once

#include <map>
#include <string>

#include "base/bytes.hpp"
#include "domain/manifest.hpp"
#include "uplink/broker.hpp"

namespace jidian::app {

/// The last word of a message's topic: "reading", "live", …
std::string last_word_of(const uplink::Incoming& message);

/// Turns what a broker hands out into lines, for people or as JSON. Manifests come with the event batches; this site's
/// own is known from the start.
class TailLines {
 public:
  TailLines(bool json, const domain::Manifest& own);

  /// What to print of a message, without a line break at the end: a batch with its events, and its rows of facilities,
  /// accounts and the site. Learns the manifests in it: show it every event batch, wanted or not.
  std::string take(const uplink::Incoming& message);

 private:
  bool json_;
  std::map<Hash, domain::Manifest> manifests_;
};

}  // namespace jidian::app

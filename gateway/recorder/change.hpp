#pragma once

#include <future>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "domain/event.hpp"
#include "domain/manifest.hpp"

namespace jidian::recorder {

/// Another configuration, taken over while the recorder runs.
struct Change {
  domain::Manifest manifest;
  /// EventKind::configuration: what is told of it, since when. The recorder adds the hashes `before` and `after`.
  domain::Event event;
  /// Buses whose pollers were stopped for it at `event.time`: the slots that they miss are gaps of cause
  /// `configuration`.
  std::vector<std::string> paused;
};

/// What became of a change.
struct Changed {
  Hash before{};
  Hash after{};
  std::map<std::string, std::string> notes;  ///< What pollers are to know again, by name.
  Status stored;                             ///< Error io: it is in force, and is stored with what comes next.
};

/// A change on its way to the recorder's thread.
struct ChangeOrder {
  Change change;
  std::promise<Changed> answer;
};

}  // namespace jidian::recorder

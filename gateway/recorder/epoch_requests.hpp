#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/time.hpp"

namespace jidian::recorder {

/// Where destinations ask for another epoch. The newest request counts. `ask` from any thread, the rest by the
/// recorder's.
class EpochRequests {
 public:
  struct Request {
    std::uint64_t after = 0;  ///< The epoch that is to end.
    std::string reason;
  };

  void ask(Request request) {
    const std::scoped_lock lock(mutex_);
    wanted_ = std::move(request);
  }

  /// Nothing if nobody asked, or while it rests.
  std::optional<Request> take(SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    if (not_before_ && now < *not_before_) return std::nullopt;
    return std::exchange(wanted_, std::nullopt);
  }

  /// It could not be carried out: it is taken again, unless somebody asks anew meanwhile.
  void put_back(Request request) {
    const std::scoped_lock lock(mutex_);
    if (!wanted_) wanted_ = std::move(request);
  }

  void rest_until(SteadyTime not_before) {
    const std::scoped_lock lock(mutex_);
    not_before_ = not_before;
  }

 private:
  std::mutex mutex_;  // guards the next two
  std::optional<Request> wanted_;
  std::optional<SteadyTime> not_before_;
};

}  // namespace jidian::recorder

#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

#include "domain/directive.hpp"

namespace jidian::recorder {

/// Lists of orders on their way from the destinations to the recorder's thread, in the order in which they came. The
/// newest of a destination is always among them: it is what holds.
class Listings {
 public:
  /// Lists of one destination that wait at most. The recorder's thread takes them after every commit, and a commit on
  /// slow flash takes seconds; nobody who means it orders more often than this in that time. A list has at most 64 KiB.
  static constexpr std::size_t waiting_max = 32;

  /// If too many wait, it takes the place of the last that its destination sent, and says so in `passed_over`.
  void put(domain::DirectiveListing listing) {
    const std::scoped_lock lock(mutex_);
    const auto is_of_destination = [&listing](const domain::DirectiveListing& other) {
      return other.destination == listing.destination;
    };
    if (std::ranges::count_if(waiting_, is_of_destination) < static_cast<std::ptrdiff_t>(waiting_max)) {
      waiting_.push_back(std::move(listing));
      return;
    }
    const auto last = std::find_if(waiting_.rbegin(), waiting_.rend(), is_of_destination);
    listing.passed_over += last->passed_over + 1;
    *last = std::move(listing);
  }
  std::deque<domain::DirectiveListing> take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  std::deque<domain::DirectiveListing> waiting_;
};

}  // namespace jidian::recorder

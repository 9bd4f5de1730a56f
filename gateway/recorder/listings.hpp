#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "domain/directive.hpp"

namespace jidian::recorder {

/// Lists of orders on their way from the destinations to the recorder's thread: the last of each, as each is whole.
class Listings {
 public:
  void put(domain::DirectiveListing listing) {
    const std::scoped_lock lock(mutex_);
    std::string destination = listing.destination;
    waiting_.insert_or_assign(std::move(destination), std::move(listing));
  }
  std::vector<domain::DirectiveListing> take() {
    const std::scoped_lock lock(mutex_);
    std::vector<domain::DirectiveListing> all;
    for (auto& [destination, listing] : waiting_) all.push_back(std::move(listing));
    waiting_.clear();
    return all;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, domain::DirectiveListing> waiting_;
};

}  // namespace jidian::recorder

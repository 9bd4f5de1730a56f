#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace jidian::uplink {

/// What an uplink does not ask of a store: it does not write.
class UnwrittenStore : public store::Store {
 public:
  const store::Opening& opening() const override { return opening_; }
  store::Head head(record::Stream) const override { return {}; }
  Status commit(std::span<const store::NewBatch>, UtcTime) override { return Error{ErrorKind::denied, "read only"}; }
  void add_manifest(const Hash&, Bytes) override {}
  void note(const std::string&, const std::string&) override {}
  std::map<std::string, std::string> notes() const override { return {}; }
  Result<std::vector<store::Eviction>> maintain(UtcTime, store::ClockTrust) override {
    return std::vector<store::Eviction>{};
  }
  Status begin_epoch(const std::string&, UtcTime) override { return {}; }
  health::StoreHealth health() const override { return {}; }
  Status close(UtcTime) override { return {}; }

 private:
  store::Opening opening_;
};

}  // namespace jidian::uplink

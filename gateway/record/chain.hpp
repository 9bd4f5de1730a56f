#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "record/batch.hpp"

namespace jidian::record {

/// Walks one stream of one epoch in seq order and says where it does not hang together.
class ChainWalker {
 public:
  /// What is wrong with `bytes` as the next batch, in one sentence; nothing if it follows. After a finding the walk
  /// goes on from this batch. A walk may begin at any seq; the first batch's `previous` is then taken on trust.
  std::optional<std::string> step(const BatchKey& key, ByteView bytes);

  std::uint64_t batches() const { return batches_; }
  std::optional<Hash> head() const { return head_; }

 private:
  std::uint64_t batches_ = 0;
  std::uint64_t last_seq_ = 0;
  std::optional<Hash> head_;
};

}  // namespace jidian::record

#include "record/chain.hpp"

namespace jidian::record {

std::optional<std::string> ChainWalker::step(const BatchKey& key, ByteView bytes) {
  const std::string name =
      std::string(name_of(key.stream)) + " " + std::to_string(key.seq) + " of epoch " + to_hex(key.epoch);
  const auto before = head_;
  const std::uint64_t expected = last_seq_ + 1;
  ++batches_;
  last_seq_ = key.seq;
  head_ = sha256(bytes);

  const auto header = decode_header(bytes);
  if (!header) return name + ": " + header.error().message();
  if (header->key != key)
    return name + ": its header says it is " + std::string(name_of(header->key.stream)) + " " +
           std::to_string(header->key.seq) + " of epoch " + to_hex(header->key.epoch);
  if (key.seq == 1 && header->previous != Hash{}) return name + ": the first batch names one before it";
  if (!before) return std::nullopt;
  if (key.seq != expected) return name + ": batch " + std::to_string(expected) + " was expected";
  if (header->previous != *before) return name + ": the batch before it is not the one its hash names";
  return std::nullopt;
}

}  // namespace jidian::record

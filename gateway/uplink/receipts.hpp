#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "record/batch.hpp"
#include "store/store.hpp"

namespace jidian::uplink {

/// What a destination says of batches of one stream.
struct Receipt {
  struct Rejection {
    std::uint64_t seq = 0;
    std::string reason;
    friend bool operator==(const Rejection&, const Rejection&) = default;
  };
  std::uint64_t epoch = 0;
  record::Stream stream = record::Stream::reading;
  std::vector<store::SeqRange> stored;
  std::uint64_t head_seq = 0;
  Hash head{};  ///< Of the batch `head_seq`; both mean nothing while `stored` is empty.
  std::vector<Rejection> rejected;
};

/// Reads a receipt. Errors: corrupt, with what is wrong in it.
Result<Receipt> parse_receipt(ByteView payload);

/// Whether the receipt speaks of batches that exist here, with the bytes they have here.
///
/// The head's hash covers all before it through the chain. A receipt that only repeats what `acknowledged` has needs no
/// bytes any more. Errors: refused, with the reason for people; io, corrupt (the store): try again later.
Status check_receipt(const Receipt& receipt, store::Reader& reader, const store::Ranges& acknowledged);

}  // namespace jidian::uplink

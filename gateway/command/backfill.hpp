#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/store.hpp"

namespace jidian::command {

/// Batches of one stream that a destination lacks: named by their seqs, or by the time they tell of.
struct BackfillRequest {
  struct Range {
    std::uint64_t epoch = 0;
    store::SeqRange seqs;
  };
  record::Stream stream = record::Stream::reading;
  std::vector<Range> ranges;  ///< Empty: all that tells of [from, until).
  UtcTime from;
  UtcTime until;
};

/// Reads "stream", and "ranges" or "period". Errors: invalid, with what is wrong.
Result<BackfillRequest> backfill_request_of(const nlohmann::json& request);

/// What becomes of batches that were asked for. The words stand in the contract.
enum class Fate : std::uint8_t { sends, evicted, never_had, not_yet, unreadable, ask_again };

/// The answer for batches side by side; without an epoch, for the time in which there is none.
struct BackfillAnswer {
  Fate fate = Fate::sends;
  std::optional<std::uint64_t> epoch{};
  store::SeqRange seqs{};
  std::optional<store::Departure> left{};  ///< How they left, if evicted.
  bool is_epoch_unknown = false;
  UtcTime from{};
  UtcTime until{};
};

/// Each batch asked for stands in one answer. Of a period, what lies behind the last answer was never recorded.
struct BackfillPlan {
  std::vector<BackfillAnswer> answers;
  std::vector<std::pair<std::uint64_t, store::Ranges>> batches;  ///< To be sent, by epoch, the oldest first.
};

/// Bounds of one command. What lies beyond is answered with `ask_again`.
inline constexpr std::size_t backfill_ranges_max = 64;
inline constexpr std::size_t backfill_batches_max = 8192;
inline constexpr std::size_t backfill_bytes_max = 32U << 20;  ///< Read to be sure of them; about a second from flash.
inline constexpr std::size_t backfill_answers_max = 256;

/// Decides batch by batch. What is to be sent was read and found sound. Blocks for as long as reading that takes.
/// @param destination  Whose confirmations tell how far a damaged log once went.
/// Errors: io, corrupt (the store).
Result<BackfillPlan> plan_backfill(const BackfillRequest& request, store::Reader& reader,
                                   const std::string& destination, UtcTime now);

/// The `result` of the reply.
std::string backfill_json(const BackfillRequest& request, const BackfillPlan& plan);

}  // namespace jidian::command

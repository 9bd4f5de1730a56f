#pragma once

#include <functional>
#include <optional>

#include "domain/event.hpp"
#include "domain/manifest.hpp"
#include "record/batch.hpp"
#include "store/store.hpp"

namespace jidian::recorder {

/// Polls that were recorded and are not among what is read back.
struct MissingPolls {
  domain::Gap gap;  ///< Their time and cause; `missed` is not known.
  /// They may be read at another time: the disk refused them, or the file was in use. They are no gap as long as the
  /// store does not call them damaged.
  bool may_come_back = false;
};

/// The manifest in force and its name.
struct PresentManifest {
  const domain::Manifest& manifest;
  Hash hash{};
};

/// A poll made under `from`, in the columns of `to`: points are matched by name, what did not exist is not_available.
/// Nothing if the meter is gone.
std::optional<domain::Poll> move_poll(const domain::Poll& poll, const domain::Manifest& from,
                                      const domain::Manifest& to);

/// The same for an interval row.
std::optional<domain::IntervalRow> move_row(const domain::IntervalRow& row, const domain::Manifest& from,
                                            const domain::Manifest& to);

/// The same for a row of a facility, an account or the site: amounts are matched by name, one that did not exist is
/// partial. Nothing if the subject or its shift is gone.
std::optional<domain::AggregateRow> move_row(const domain::AggregateRow& row, const domain::Manifest& from,
                                             const domain::Manifest& to);

/// The same for a whole body: what is gone is left out.
void move_body(record::Body& body, const domain::Manifest& from, const domain::Manifest& to);

/// Who is told what `read_back` reads, from its thread.
struct Recall {
  /// Each batch, and the manifest it was made under; null if that is not known.
  std::function<void(record::Decoded, const domain::Manifest*)> remember;
  /// Behind the last batch of each stream: for what is not on record yet.
  std::function<void(record::Stream)> after_stream = {};
  /// The time between the neighbours of polls that left the store (cause evicted) or cannot be read (damaged), before
  /// the batch behind them. What stands last in an epoch ends with it.
  std::function<void(const MissingPolls&)> missing = {};
  /// How many batches of rows of the day and the shift an epoch has before those that are read: the limit is reached,
  /// and longer rows in progress are not covered whole.
  std::function<void(std::uint64_t)> rows_left_out = {};
  /// After each look at the disk, which may take a second where it refuses.
  std::function<void()> alive = {};
};

/// Reads the end of the record of earlier runs: the last hour or so (at most 1,024 batches a stream), of interval rows
/// those since the beginning of the local day and of the shift (at most 32,768 batches; before the newest 4,096 only
/// batches that last a quarter hour or longer, which its rows and longer ones are in), of the newest two epochs,
/// events first, then interval rows, then polls, each in seq order and in the columns of `present`. Batches that cannot
/// be read are passed over: the store tells of damage. Blocks for seconds, and while the disk refuses rows for as long
/// as it takes over 128 of them.
void read_back(store::Reader& reader, const store::Opening& opening, const PresentManifest& present,
               const Recall& recall);

}  // namespace jidian::recorder

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "domain/manifest.hpp"
#include "record/batch.hpp"
#include "store/store.hpp"

namespace jidian::recorder {

/// Both clocks at one instant.
struct Instant {
  UtcTime utc;
  SteadyTime steady;
  ClockQuality clock = ClockQuality::unknown;
};

/// Which streams a flush takes along.
enum class Flush : std::uint8_t {
  events,  ///< What cannot wait.
  all,
};

/// What the batches of a flush say of themselves.
struct Letterhead {
  std::string gateway;
  std::uint64_t epoch = 0;
  std::array<std::uint8_t, 16> boot{};
  std::array<store::Head, 3> heads;  ///< In the order of record::all_streams.
  Instant now;
};

/// How much may wait while the store takes nothing. What does not fit is dropped, oldest first, and counted.
struct PendingLimits {
  std::size_t samples_max = 1'000'000;   ///< 16 MB: 40 minutes of 400 readings a second.
  std::size_t events_max = 20'000;       ///< Days of an ordinary plant.
  std::size_t row_points_max = 300'000;  ///< 22 MB: minute and quarter of 2,000 meters of 40 points, and room.
};

/// What is to be recorded and is not in the store yet, as the bodies of batches to come.
///
/// Polls of one meter keep the order in which they were added. A body never exceeds what a batch may hold; whether its
/// bytes fit is known when it is encoded, and a body that does not fit is halved.
class Pending {
 public:
  explicit Pending(PendingLimits limits = {}) : limits_(limits) {}

  /// `manifest` is the one in force. A change begins another body.
  void add(domain::Event event, const Hash& manifest);
  void add(record::Row row, const Hash& manifest);
  void add(domain::Poll poll, const Hash& manifest);

  /// A row of a meter that the manifest in force has not.
  void add(record::Row row, const Hash& manifest, std::shared_ptr<const domain::Manifest> made_under);

  /// Events that stand before everything that waits, in a batch of their own.
  void add_first(record::Events events, const Hash& manifest);

  /// What is added from here on goes into other batches.
  void cut();

  /// From here on another manifest than `before` is in force: polls and rows that wait keep their columns, and go out
  /// under the manifest they were made under. That is copied if there are any.
  void hold(const domain::Manifest& before);

  /// Something that waits.
  struct Waiting {
    const record::Body* body = nullptr;
    Hash manifest{};
    const domain::Manifest* made_under = nullptr;  ///< Null: the one in force.
  };

  /// The manifests before the one in force that what waits was made under, each once.
  std::vector<const domain::Manifest*> held() const;

  /// What waits of a stream, oldest first.
  std::vector<Waiting> waiting(record::Stream stream) const;

  /// Polls that are lost, with the numbers and columns of the manifest they were made under; null: the one in force.
  struct Lost {
    record::Polls polls;
    std::shared_ptr<const domain::Manifest> made_under;
  };

  /// Takes out the oldest polls beyond the bound, a body at a time. Events and rows beyond theirs are dropped and
  /// counted.
  std::vector<Lost> take_overflow();

  /// Encodes what waits, under `manifest` what was made under the one in force. It stays until `committed` says that it
  /// is stored. Polls that fit no batch even alone go to `unfit`.
  std::vector<store::NewBatch> build(Flush flush, const Letterhead& letterhead, const domain::Manifest& manifest,
                                     std::vector<Lost>& unfit);

  /// The last `build` is in the store: forgets what it took.
  void committed();

  bool empty() const;
  bool empty(record::Stream stream) const;
  std::size_t samples() const { return weights_[2]; }
  std::uint64_t dropped() const { return dropped_; }  ///< Events and rows that were lost.

 private:
  struct Part {
    record::Body body;
    Hash manifest{};
    std::size_t weight = 0;
    std::shared_ptr<const domain::Manifest> made_under{};  ///< Null: the one in force.
  };
  using Parts = std::deque<Part>;

  template <typename Item>
  void append(record::Stream stream, Item item, std::size_t weight, const Hash& manifest);
  void drop_front(record::Stream stream);
  void drop_items(record::Stream stream, std::size_t bound);
  std::size_t build_stream(record::Stream stream, const Letterhead& letterhead, const domain::Manifest& manifest,
                           std::vector<store::NewBatch>& batches, std::vector<Lost>& unfit);

  PendingLimits limits_;
  std::array<Parts, 3> parts_;
  std::array<std::size_t, 3> weights_{};  ///< Samples of polls, points of rows, events.
  std::array<std::size_t, 3> built_{};    ///< Parts of each stream in the last build.
  std::array<bool, 3> cut_{};
  std::uint64_t dropped_ = 0;
};

}  // namespace jidian::recorder

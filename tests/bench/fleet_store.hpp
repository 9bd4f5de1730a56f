#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "store/store.hpp"
#include "tests/unit/uplink/unwritten_store.hpp"

namespace jidian::bench {

/// A store that is computed: a batch of readings every ten seconds and one of intervals every minute since it began, of
/// nine bytes that tell which it is. What an uplink sees of a store, for twenty thousand of them in one process.
class FleetStore final : public uplink::UnwrittenStore {
 public:
  static constexpr Millis reading_every{10'000};
  static constexpr Millis interval_every{60'000};

  /// `now` is the time it is, and outlives this. `confirmed` is told of each batch the first time.
  FleetStore(SteadyTime begin, const SteadyTime& now, std::function<void(record::Stream, std::uint64_t)> confirmed)
      : begin_(begin), now_(now), confirmed_(std::move(confirmed)) {}

  static Millis every(record::Stream stream) {
    return stream == record::Stream::interval ? interval_every : reading_every;
  }
  /// Batches committed until now.
  std::uint64_t count(record::Stream stream) const {
    if (stream == record::Stream::event || now_ < begin_) return 0;
    return static_cast<std::uint64_t>((now_ - begin_) / every(stream)) + 1;
  }
  SteadyTime committed_at(record::Stream stream, std::uint64_t seq) const {
    return begin_ + every(stream) * static_cast<std::int64_t>(seq - 1);
  }
  /// When the next batch is committed.
  SteadyTime next_commit() const { return committed_at(record::Stream::reading, count(record::Stream::reading) + 1); }
  std::uint64_t unconfirmed() const {
    std::uint64_t missing = 0;
    for (const auto stream : record::all_streams) missing += count(stream) - ranges(stream).size();
    return missing;
  }
  /// What `read` made these bytes of.
  static std::pair<record::Stream, std::uint64_t> content_of(const Bytes& bytes) {
    std::uint64_t seq = 0;
    std::memcpy(&seq, bytes.data() + 1, sizeof seq);
    return {static_cast<record::Stream>(bytes.front()), seq};
  }

  class ComputedReader final : public store::Reader {
   public:
    explicit ComputedReader(const FleetStore& of) : store_(of) {}
    std::vector<std::uint64_t> epochs() override { return {1}; }
    Result<std::optional<store::SeqRange>> extent(std::uint64_t, record::Stream stream) override {
      const auto count = store_.count(stream);
      if (count == 0) return std::optional<store::SeqRange>{};
      return std::optional(store::SeqRange{1, count});
    }
    Result<std::vector<store::StoredBatch>> read(std::uint64_t epoch, record::Stream stream, store::SeqRange wanted,
                                                 std::size_t, std::size_t) override {
      std::vector<store::StoredBatch> rows;
      if (wanted.first > store_.count(stream)) return rows;
      Bytes bytes(1 + sizeof wanted.first);
      bytes.front() = static_cast<std::uint8_t>(stream);
      std::memcpy(bytes.data() + 1, &wanted.first, sizeof wanted.first);
      rows.push_back({{epoch, stream, wanted.first}, {}, {}, 1, std::move(bytes)});
      return rows;
    }
    Result<std::optional<store::SeqRange>> find(std::uint64_t, record::Stream, UtcTime, UtcTime) override {
      return std::optional<store::SeqRange>{};
    }
    Result<Bytes> manifest(const Hash&) override { return Error{ErrorKind::not_found, "no manifest"}; }
    Result<store::Ranges> acknowledged(const std::string&, std::uint64_t, record::Stream stream) override {
      return store_.ranges(stream);
    }
    Result<store::DepartedLogs> departures() override { return store::DepartedLogs{}; }
    Result<store::Ranges> damage_told(std::uint64_t, record::Stream) override { return store::Ranges{}; }
    std::uint64_t damaged() const override { return 0; }

   private:
    const FleetStore& store_;
  };

  void acknowledge(const std::string&, std::uint64_t, record::Stream stream, store::SeqRange range) override {
    auto& known = acknowledged_[static_cast<std::size_t>(stream) - 1];
    for (auto seq = range.first; seq <= range.last; ++seq)
      if (!known.contains(seq)) confirmed_(stream, seq);
    known.add(range);
  }
  store::Ranges acknowledged(const std::string&, std::uint64_t, record::Stream stream) const override {
    return ranges(stream);
  }
  Result<std::unique_ptr<store::Reader>> reader() const override {
    return std::unique_ptr<store::Reader>(std::make_unique<ComputedReader>(*this));
  }

 private:
  const store::Ranges& ranges(record::Stream stream) const {
    return acknowledged_[static_cast<std::size_t>(stream) - 1];
  }

  SteadyTime begin_;
  const SteadyTime& now_;
  std::function<void(record::Stream, std::uint64_t)> confirmed_;
  std::array<store::Ranges, record::all_streams.size()> acknowledged_;
};

}  // namespace jidian::bench

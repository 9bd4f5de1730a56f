#include "tests/fault/store/cut_check.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;
namespace fs = std::filesystem;

/// Batches that an uplink reads at once.
constexpr std::size_t rows_at_once = 16;

std::string name_of_log(const LogKey& key) {
  return to_hex(key.first) + " " + std::string(record::name_of(key.second));
}

Ranges seqs_in(const std::vector<StoredBatch>& rows) {
  Ranges seqs;
  for (const StoredBatch& row : rows) seqs.add({row.key.seq, row.key.seq});
  return seqs;
}

/// The first seq of `part` that `whole` lacks; 0 if it has all.
std::uint64_t first_beyond(const Ranges& part, const Ranges& whole) {
  for (const SeqRange& range : part.ranges())
    if (const auto missing = whole.first_missing(range)) return missing->first;
  return 0;
}

const Ranges& held_of(const Held& held, const std::string& taker) {
  static const Ranges nothing;
  const auto found = held.find(taker);
  return found == held.end() ? nothing : found->second;
}

}  // namespace

bool CutCheck::is_there(std::uint64_t epoch) const {
  return std::ranges::find(epochs_, epoch) != epochs_.end();
}

void CutCheck::run() {
  now_ = known_.now + std::chrono::seconds(1 + chance_() % 10'000);
  for (const auto step :
       {&CutCheck::opens, &CutCheck::holds_rows, &CutCheck::holds_commit_in_flight, &CutCheck::holds_confirmations,
        &CutCheck::tells_losses, &CutCheck::drains_once, &CutCheck::goes_on}) {
    (this->*step)();
    if (testing::Test::HasFailure()) return;
  }
}

void CutCheck::opens() {
  store_ = open_or_fail(options_, now_);
  ASSERT_TRUE(store_);
  const Opening& opening = store_->opening();
  reader_ = *store_->reader();
  epochs_ = reader_->epochs();
  for (const std::uint64_t epoch : known_.gone) ASSERT_FALSE(is_there(epoch)) << "a removed epoch is back";
  const auto is_known = [&](std::uint64_t epoch) {
    return std::ranges::find(known_.epochs, epoch) != known_.epochs.end();
  };
  const auto unknown = std::ranges::count_if(epochs_, [&](std::uint64_t epoch) { return !is_known(epoch); });
  ASSERT_LE(unknown, known_.may_begin ? 1 : 0) << "an epoch that nobody began";
  ASSERT_EQ(opening.epoch, epochs_.back());
  const bool is_left_alone = known_.other && !known_.other->is_answered;
  const bool may_begin_now = known_.epochs.empty() || is_left_alone;
  ASSERT_TRUE(may_begin_now || !opening.began_epoch) << opening.reason;
  if (is_known(opening.epoch)) {
    ASSERT_EQ(opening.epoch, known_.epochs.back());
    ASSERT_FALSE(is_left_alone) << "a file of a newer release is written";
  }
  if (!known_.other) return;
  const fs::path file = options_.folder / known_.other->file;
  if (is_left_alone) {
    ASSERT_TRUE(fs::exists(file)) << "the file of a newer release is gone";
  }
  // Once everybody has what is in it, it goes as any old one.
  ASSERT_TRUE(!fs::exists(file) || hash_of_file(file) == known_.other->hash)
      << "the file of a newer release was changed";
}

void CutCheck::holds_rows() {
  for (const std::uint64_t epoch : epochs_)
    for (const Stream stream : record::all_streams) rows_[{epoch, stream}] = read_all(*reader_, epoch, stream);
  for (const auto& [key, rows] : rows_) {
    const auto log = known_.logs.find(key);
    holds_log(key, log == known_.logs.end() ? KnownLog{} : log->second);
    if (testing::Test::HasFailure()) return;
  }
  ASSERT_EQ(reader_->damaged(), 0U);
}

/// What a log holds is what was given to it, each batch once, in order and linked.
void CutCheck::holds_log(const LogKey& key, const KnownLog& log) {
  SCOPED_TRACE("log " + name_of_log(key));
  const std::vector<StoredBatch>& rows = rows_[key];
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const record::BatchKey& batch = rows[i].key;
    ASSERT_TRUE(i == 0 || batch.seq > rows[i - 1].key.seq);
    const auto given = given_.hashes.find(batch);
    ASSERT_NE(given, given_.hashes.end()) << "batch " << batch.seq << " was never given";
    ASSERT_EQ(record::sha256(rows[i].bytes), given->second) << "batch " << batch.seq;
    Hash previous{};
    if (batch.seq > 1) previous = given_.hashes.at({batch.epoch, batch.stream, batch.seq - 1});
    ASSERT_TRUE(std::ranges::equal(previous, ByteView(rows[i].bytes).first(previous.size())))
        << "the chain is broken at " << batch.seq;
  }
  if (key.first != store_->opening().epoch) return;
  const Head head = store_->head(key.second);
  ASSERT_GE(head.next_seq - 1, log.committed);
  ASSERT_EQ(head.next_seq - 1, rows.empty() ? 0 : rows.back().key.seq);
  ASSERT_EQ(head.hash, rows.empty() ? Hash{} : record::sha256(rows.back().bytes));
}

/// All of it or nothing, its note included.
void CutCheck::holds_commit_in_flight() {
  const std::string note = store_->notes()["power-cut"];
  has_landed_ = known_.note_in_flight && note == *known_.note_in_flight;
  ASSERT_TRUE(has_landed_ || note == known_.note) << note;
  for (const auto& [key, log] : known_.logs) {
    if (key.first != store_->opening().epoch) continue;
    const std::uint64_t newest = store_->head(key.second).next_seq - 1;
    ASSERT_EQ(newest, has_landed_ ? std::max(log.committed, log.in_flight) : log.committed) << name_of_log(key);
  }
}

void CutCheck::holds_confirmations() {
  for (const auto& [key, log] : known_.logs) {
    if (!is_there(key.first)) continue;
    for (const std::string& taker : takers_of(options_, key.second)) {
      const Ranges held = store_->acknowledged(taker, key.first, key.second);
      ASSERT_EQ(first_beyond(held, held_of(log.confirmed, taker)), 0U)
          << taker << " never confirmed this of " << name_of_log(key);
      ASSERT_EQ(first_beyond(held_of(log.kept, taker), held), 0U)
          << taker << " confirmed this of " << name_of_log(key) << ", and it was on disk";
    }
  }
}

/// What events on record tell to be lost.
Ranges CutCheck::told_before(const KnownLog& log) const {
  Ranges told = log.told;
  if (has_landed_ && known_.tells_in_flight)
    for (const SeqRange& range : log.telling.ranges()) told.add(range);
  return told;
}

void CutCheck::tells_losses() {
  const auto told = store_->maintain(now_, ClockTrust::sure);
  ASSERT_TRUE(told) << told.error().message();
  for (const Eviction& loss : *told) {
    const LogKey key{loss.epoch, loss.stream};
    SCOPED_TRACE("losses of log " + name_of_log(key));
    ASSERT_FALSE(loss.damaged);
    ASSERT_FALSE(loss.unconfirmed.empty());
    told_[key].add(loss.range);
    const auto log = known_.logs.find(key);
    ASSERT_NE(log, known_.logs.end());
    const Ranges before = told_before(log->second);
    for (const SeqRange& range : before.ranges())
      ASSERT_TRUE(range.last < loss.range.first || range.first > loss.range.last)
          << loss.range.first << "-" << loss.range.last << " was told before, by an event on record";
  }
  const auto departed = reader_->departures();
  ASSERT_TRUE(departed);
  epochs_ = reader_->epochs();
  rows_.clear();
  for (const auto& [key, log] : known_.logs) {
    if (is_there(key.first)) rows_[key] = read_all(*reader_, key.first, key.second);
    misses_nothing_else(key, log, *departed);
    if (testing::Test::HasFailure()) return;
  }
}

/// Whatever is not there is with everybody, or told to be lost; and the account of what left says so.
void CutCheck::misses_nothing_else(const LogKey& key, const KnownLog& log, const DepartedLogs& departed) {
  SCOPED_TRACE("log " + name_of_log(key));
  const auto rows = rows_.find(key);
  const Ranges there = rows == rows_.end() ? Ranges() : seqs_in(rows->second);
  Ranges left;
  bool is_exact = true;
  if (const auto entries = departed.find(key); entries != departed.end()) {
    for (const Departure& entry : entries->second.entries()) left.add(entry.range);
    is_exact = entries->second.entries().size() < Departures::entries_max;  // otherwise something may be forgotten
  }
  Ranges told = told_before(log);
  for (const SeqRange& range : told_[key].ranges()) told.add(range);
  for (std::uint64_t seq = 1; seq <= log.committed; ++seq) {
    if (there.contains(seq)) continue;
    const auto has_it = [&](const std::string& taker) { return held_of(log.confirmed, taker).contains(seq); };
    ASSERT_TRUE(told.contains(seq) || std::ranges::all_of(takers_of(options_, key.second), has_it))
        << "batch " << seq << " is gone, not with everybody, and not told to be lost";
    ASSERT_TRUE(left.contains(seq) || !is_exact)
        << "batch " << seq << " is gone, and the account of what left has it not";
  }
  if (key.first != store_->opening().epoch) return;
  for (const SeqRange& range : told.ranges())
    for (std::uint64_t seq = range.first; seq <= range.last; ++seq)
      ASSERT_FALSE(there.contains(seq)) << "batch " << seq << " is told to be lost, and there";
}

/// As an uplink does it: whatever somebody lacks is read once, in order.
void CutCheck::drains_once() {
  for (const std::uint64_t epoch : epochs_)
    for (const Stream stream : record::all_streams)
      for (const std::string& taker : takers_of(options_, stream)) {
        drain(taker, epoch, stream);
        if (testing::Test::HasFailure()) return;
      }
}

void CutCheck::drain(const std::string& taker, std::uint64_t epoch, Stream stream) {
  const auto extent = reader_->extent(epoch, stream);
  ASSERT_TRUE(extent) << extent.error().message();
  if (!*extent) return;
  Ranges due = seqs_in(read_all(*reader_, epoch, stream));
  const Ranges before = store_->acknowledged(taker, epoch, stream);
  for (const SeqRange& range : before.ranges()) due.remove(range);
  Ranges arrived;
  for (SeqRange rest = **extent; rest.first <= rest.last;) {
    const auto missing = store_->acknowledged(taker, epoch, stream).first_missing(rest);
    if (!missing) break;
    const auto rows = reader_->read(epoch, stream, *missing, rows_at_once, 100'000);
    ASSERT_TRUE(rows) << rows.error().message();
    if (rows->empty()) rest.first = missing->last + 1;  // it left long ago
    for (const StoredBatch& row : *rows) {
      ASSERT_FALSE(arrived.contains(row.key.seq)) << "batch " << row.key.seq << " came twice";
      arrived.add({row.key.seq, row.key.seq});
      store_->acknowledge(taker, epoch, stream, {row.key.seq, row.key.seq});
    }
  }
  ASSERT_EQ(arrived, due) << taker << " got of " << name_of_log({epoch, stream}) << " " << arrived.to_text()
                          << " and lacked " << due.to_text();
}

/// Recording continues the chains, and epochs that everybody has go without a loss.
void CutCheck::goes_on() {
  const std::uint64_t present = store_->opening().epoch;
  std::vector<NewBatch> all;
  for (const Stream stream : record::all_streams) {
    const Head head = store_->head(stream);
    all.push_back(chained_batch({present, stream, head.next_seq}, head.hash, now_, 300));
  }
  const auto done = store_->commit(all, now_);
  ASSERT_TRUE(done) << done.error().message();
  for (const NewBatch& batch : all) {
    const auto rows = reader_->read(present, batch.key.stream, {batch.key.seq, batch.key.seq}, 1, 1);
    ASSERT_TRUE(rows) << rows.error().message();
    ASSERT_EQ(rows->size(), 1U);
    ASSERT_EQ(rows->front().bytes, batch.batch.bytes);
  }
  for (std::size_t round = 0; round < epochs_.size(); ++round) {
    now_ += 3h;
    const auto lost = store_->maintain(now_, ClockTrust::sure);
    ASSERT_TRUE(lost) << lost.error().message();
    ASSERT_TRUE(lost->empty()) << "of " << name_of_log({lost->front().epoch, lost->front().stream}) << " "
                               << lost->front().range.first << "-" << lost->front().range.last;
  }
  ASSERT_EQ(reader_->epochs(), std::vector{present});
  ASSERT_EQ(store_->health().trouble, "");
}

}  // namespace jidian::store

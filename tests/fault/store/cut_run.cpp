#include "tests/fault/store/cut_run.hpp"

#include <sqlite3.h>

#include "store/folder.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using fault::FileCall;
using record::Stream;
namespace fs = std::filesystem;

/// Confirmations are persisted by the first commit after this time.
constexpr Millis persisted_within = 60s;

constexpr std::string_view note_name = "power-cut";

CutRun* present_run = nullptr;

}  // namespace

Hash hash_of_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return record::sha256(Bytes(std::istreambuf_iterator<char>(stream), {}));
}

std::vector<std::string> takers_of(const Options& options, Stream stream) {
  std::vector<std::string> takers;
  for (const auto& [destination, streams] : options.destinations)
    if (std::ranges::find(streams, stream) != streams.end()) takers.push_back(destination);
  return takers;
}

NewBatch chained_batch(const record::BatchKey& key, const Hash& previous, UtcTime end, std::size_t size) {
  NewBatch batch = batch_of(key, end, size);
  std::ranges::copy(previous, batch.batch.bytes.begin());
  batch.batch.hash = record::sha256(batch.batch.bytes);
  return batch;
}

int tell_statement(unsigned, void* run, void*, void* sql) {
  static_cast<CutRun*>(run)->began_statement(static_cast<const char*>(sql));
  return SQLITE_OK;
}

int watch_connection(sqlite3* db, char**, const sqlite3_api_routines*) {
  return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, tell_statement, present_run);
}

CutRun::CutRun(Options options, Known before, Given& given, std::uint64_t seed)
    : options_(std::move(options)), known_(std::move(before)), given_(given), chance_(seed) {
  calls_.emplace(options_.folder, *this);
  disk_.emplace(options_.folder, calls_->files());
  instants_.push_back(known_);
  present_run = this;
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch_connection));
}

CutRun::~CutRun() {
  end();
}

void CutRun::end() {
  enter(Phase::none);
  store_.reset();
  calls_.reset();
  sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(watch_connection));
}

void CutRun::called(FileCall call) {
  const Phase phase = phase_of(call);
  steps_.push_back({std::move(call), phase, instants_.size() - 1});
}

Phase CutRun::phase_of(const FileCall& call) {
  if (scope_ != Phase::flush) return scope_;
  const bool is_epoch = call.name.ends_with(".db");
  const bool is_log = call.name.ends_with("-wal");
  if (call.kind == FileCall::Kind::remove && is_epoch) transaction_ = Phase::epoch_removal;
  if (call.kind == FileCall::Kind::punch) return Phase::eviction;
  if ((is_epoch && call.kind != FileCall::Kind::remove) || (is_log && call.kind == FileCall::Kind::resize))
    return Phase::checkpoint;
  return transaction_;
}

/// What a transaction is for is told by the gravest of its statements.
void CutRun::began_statement(std::string_view sql) {
  if (sql.starts_with("BEGIN")) transaction_ = Phase::flush;
  if (sql.find("INTO acknowledged") != sql.npos && transaction_ == Phase::flush) transaction_ = Phase::acknowledgement;
  for (const Stream stream : record::all_streams)
    if (sql.starts_with("DELETE FROM " + std::string(record::name_of(stream)) + " ")) transaction_ = Phase::eviction;
  if (sql.starts_with("DELETE FROM acknowledged")) transaction_ = Phase::epoch_removal;
}

std::uint64_t CutRun::draw(std::uint64_t least, std::uint64_t most) {
  return least + chance_() % (most - least + 1);
}

/// From here on what is known now counts, and calls belong to `scope`.
void CutRun::enter(Phase scope) {
  instants_.push_back(known_);
  scope_ = scope;
}

void CutRun::live() {
  known_.now += 10s;
  start();
  work(static_cast<int>(draw(20, 50)));
  change_epoch();
  work(static_cast<int>(draw(10, 30)));
  end_old_epochs();
  work(static_cast<int>(draw(3, 10)));
  stop();
  become_other_format();
  start();
  work(5);
  end();
}

void CutRun::start() {
  known_.may_begin = known_.may_begin || known_.epochs.empty() || (known_.other && !known_.other->is_answered);
  enter(known_.other ? Phase::other_format : Phase::start);
  store_ = open_or_fail(options_, known_.now);
  settle();
}

/// What was in flight when the power failed is there now or is not; what the disk holds is known.
void CutRun::settle() {
  const std::uint64_t present = store_->opening().epoch;
  if (std::ranges::find(known_.epochs, present) == known_.epochs.end()) known_.epochs.push_back(present);
  if (known_.other) known_.other->is_answered = true;
  known_.may_begin = false;
  known_.note = store_->notes()[std::string(note_name)];
  known_.note_in_flight.reset();
  bool is_told = false;
  if (known_.tells_in_flight) {
    const KnownLog& events = known_.logs[{present, Stream::event}];
    is_told = store_->head(Stream::event).next_seq - 1 == events.in_flight;
  }
  known_.tells_in_flight = false;
  for (auto& [key, log] : known_.logs) {
    for (const SeqRange& range : log.telling.ranges())
      if (is_told) log.told.add(range);
    log.telling = {};
    log.in_flight = 0;
  }
  for (const Stream stream : record::all_streams)
    known_.logs[{present, stream}].committed = store_->head(stream).next_seq - 1;
  keep_all();
}

/// Everything that the store knows to be confirmed is on disk.
void CutRun::keep_all() {
  confirmations_.clear();
  for (auto& [key, log] : known_.logs)
    for (const std::string& taker : takers_of(options_, key.second))
      log.kept[taker] = store_->acknowledged(taker, key.first, key.second);
}

void CutRun::work(int rounds) {
  for (int round = 0; round < rounds; ++round) {
    known_.now += std::chrono::seconds(draw(5, 40));
    record();
    acknowledge();
    if (draw(0, 3) == 0) maintain();
  }
}

/// A commit of some batches, each linked to the one before it.
void CutRun::record() {
  const std::uint64_t epoch = store_->opening().epoch;
  std::vector<NewBatch> all;
  std::map<Stream, Head> heads;
  const std::uint64_t batches = draw(1, 4);
  for (std::uint64_t i = 0; i < batches; ++i) {
    const Stream stream = record::all_streams[std::min<std::uint64_t>(draw(0, 4), 2)];
    Head& head = heads.try_emplace(stream, store_->head(stream)).first->second;
    const record::BatchKey key{epoch, stream, head.next_seq};
    all.push_back(chained_batch(key, head.hash, known_.now, draw(64, draw(0, 2) == 0 ? 20'000 : 6'000)));
    head = {key.seq + 1, all.back().batch.hash};
    given_.hashes[key] = head.hash;
    known_.logs[{epoch, stream}].in_flight = key.seq;
  }
  known_.note_in_flight = std::to_string(++given_.notes);
  known_.tells_in_flight = heads.contains(Stream::event);
  enter(Phase::flush);
  store_->note(std::string(note_name), *known_.note_in_flight);
  const auto done = store_->commit(all, known_.now);
  EXPECT_TRUE(done) << done.error().message();
  committed(known_.now);
}

/// The commit in flight returned.
void CutRun::committed(UtcTime now) {
  for (auto& [key, log] : known_.logs) {
    log.committed = std::max(log.committed, std::exchange(log.in_flight, 0));
    if (!known_.tells_in_flight) continue;
    for (const SeqRange& range : log.telling.ranges()) log.told.add(range);
    log.telling = {};
  }
  known_.note = *std::exchange(known_.note_in_flight, std::nullopt);
  known_.tells_in_flight = false;
  std::erase_if(confirmations_, [&](const Confirmation& entry) {
    if (entry.at + persisted_within > now) return false;
    known_.logs[entry.log].kept[entry.destination].add(entry.range);
    return true;
  });
  enter(Phase::none);
}

/// Some destination confirms something of what it lacks; the city lags behind.
void CutRun::acknowledge() {
  for (auto& [key, log] : known_.logs) {
    for (const std::string& taker : takers_of(options_, key.second)) {
      if (log.committed == 0 || draw(0, taker == "city" ? 5 : 1) != 0) continue;
      const auto missing = log.confirmed[taker].first_missing({1, log.committed});
      if (!missing) continue;
      const std::uint64_t first = draw(0, 5) == 0 ? draw(missing->first, missing->last) : missing->first;
      const SeqRange range{first, draw(first, missing->last)};
      log.confirmed[taker].add(range);
      confirmations_.push_back({known_.now, taker, key, range});
      store_->acknowledge(taker, key.first, key.second, range);
    }
  }
}

void CutRun::maintain() {
  enter(Phase::flush);
  const auto lost = store_->maintain(known_.now, ClockTrust::sure);
  ASSERT_TRUE(lost) << lost.error().message();
  for (const Eviction& loss : *lost) {
    EXPECT_FALSE(loss.damaged);
    known_.logs[{loss.epoch, loss.stream}].telling.add(loss.range);
  }
  const auto there = (*store_->reader())->epochs();
  for (const std::uint64_t epoch : known_.epochs)
    if (std::ranges::find(there, epoch) == there.end()) known_.gone.insert(epoch);
  enter(Phase::none);
}

void CutRun::change_epoch() {
  known_.may_begin = true;
  enter(Phase::epoch_change);
  const auto begun = store_->begin_epoch("a test", known_.now);
  EXPECT_TRUE(begun) << begun.error().message();
  known_.may_begin = false;
  known_.epochs.push_back(store_->opening().epoch);
  keep_all();
  enter(Phase::none);
}

/// Everybody confirms all of the old epochs, and their time is over.
void CutRun::end_old_epochs() {
  const std::uint64_t present = store_->opening().epoch;
  for (auto& [key, log] : known_.logs)
    for (const std::string& taker : takers_of(options_, key.second)) {
      if (key.first == present || log.committed == 0) continue;
      log.confirmed[taker].add({1, log.committed});
      store_->acknowledge(taker, key.first, key.second, {1, log.committed});
    }
  record();
  for (std::size_t i = 0; i < known_.epochs.size(); ++i) {
    known_.now += 2h;
    maintain();
  }
}

void CutRun::stop() {
  enter(Phase::stop);
  const auto closed = store_->close(known_.now);
  EXPECT_TRUE(closed) << closed.error().message();
  keep_all();
  enter(Phase::none);
  store_.reset();
}

/// The newest file is from now on a newer release's.
void CutRun::become_other_format() {
  const fs::path file = epoch_files(options_.folder).back();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "PRAGMA synchronous=FULL; PRAGMA user_version=99", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  EXPECT_TRUE(sync_folder(options_.folder));
  known_.other = OtherFormat{file.filename(), hash_of_file(file)};
}

}  // namespace jidian::store

#include "recorder/copies.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace jidian::recorder {
namespace {

/// One transaction: 2 MB of the largest batches.
constexpr std::size_t batches_at_once = 32;
/// A set of seqs that falls into more ranges is forgotten: a second copy does no harm.
constexpr std::size_t ranges_max = 1'024;

/// What reading again will not mend.
bool is_final(const Error& error) {
  return error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::unsupported ||
         error.kind() == ErrorKind::not_found || error.kind() == ErrorKind::full;
}

}  // namespace

bool Copies::request(const record::BatchKey& rejected, const std::string& destination) {
  const std::scoped_lock lock(mutex_);
  if (waiting_.size() >= waiting_max) return false;
  waiting_.emplace(rejected, destination);
  return true;
}

bool Copies::has_work() {
  const std::uint64_t present = store_.opening().epoch;
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(waiting_, [&](const Request& request) { return request.first.epoch != present; });
}

std::vector<Copies::Request> Copies::next_requests() {
  const std::uint64_t present = store_.opening().epoch;
  const std::scoped_lock lock(mutex_);
  std::vector<Request> next;
  for (const Request& request : waiting_) {
    if (next.size() == batches_at_once) break;
    if (request.first.epoch != present) next.push_back(request);
  }
  return next;
}

Result<std::size_t> Copies::copy_some(UtcTime now) {
  const auto requests = next_requests();
  std::vector<store::NewBatch> batches;
  std::map<record::BatchKey, Fate> fates;
  for (const auto& [key, destination] : requests) {
    if (fates.contains(key)) continue;
    const auto fate = is_copied(key) ? Result<Fate>(Fate::copied) : copy(key, batches);
    if (!fate) return fate.error();
    fates[key] = *fate;
  }
  if (!batches.empty())
    if (auto done = store_.commit(batches, now); !done) return done.error();

  // Durable now: whoever held other bytes under the old keys gets the content under the new ones.
  for (const auto& [key, destination] : requests) {
    if (fates[key] == Fate::given_up) continue;
    note_copied(key);
    store_.acknowledge(destination, key.epoch, key.stream, {key.seq, key.seq});
  }
  const std::scoped_lock lock(mutex_);
  for (const Request& request : requests) waiting_.erase(request);
  return batches.size();
}

/// Adds the copy to those of this transaction.
Result<Copies::Fate> Copies::copy(const record::BatchKey& rejected, std::vector<store::NewBatch>& into) {
  const auto give_up = [&](const std::string& why) {
    spdlog::error("rejected batch cannot be copied, it stays as it is epoch={} stream={} seq={} why=\"{}\"",
                  to_hex(rejected.epoch), record::name_of(rejected.stream), rejected.seq, why);
    return Fate::given_up;
  };
  if (!reader_) {
    auto reader = store_.reader();
    if (!reader) return reader.error();
    reader_ = std::move(*reader);
  }
  const auto rows =
      reader_->read(rejected.epoch, rejected.stream, {rejected.seq, rejected.seq}, 1, record::batch_bytes_max);
  if (!rows && is_final(rows.error())) return give_up(rows.error().message());
  if (!rows) return rows.error();
  if (rows->empty()) return give_up("it is damaged or not in the store any more");

  store::Head head = store_.head(rejected.stream);
  for (const store::NewBatch& batch : into)
    if (batch.key.stream == rejected.stream) head = {batch.key.seq + 1, batch.batch.hash};
  const record::BatchKey key{store_.opening().epoch, rejected.stream, head.next_seq};
  auto copied = record::copy(rows->front().bytes, key, head.hash);
  if (!copied) return give_up(copied.error().message());
  into.push_back({key, std::move(*copied), true});
  return Fate::copied;
}

bool Copies::is_copied(const record::BatchKey& key) const {
  const auto log = copied_.find({key.epoch, key.stream});
  return log != copied_.end() && log->second.contains(key.seq);
}

void Copies::note_copied(const record::BatchKey& key) {
  store::Ranges& log = copied_[{key.epoch, key.stream}];
  if (log.ranges().size() >= ranges_max) log = {};
  log.add({key.seq, key.seq});
}

}  // namespace jidian::recorder

#include "app/archive.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "record/manifest.hpp"

namespace jidian::app {
namespace {

// One page of rows: enough to keep the disk busy, little enough to hold.
constexpr std::size_t rows_per_read = 256;
constexpr std::size_t bytes_per_read = 4ULL << 20;

}  // namespace

const domain::Manifest* Manifests::find(const Hash& hash) {
  if (hash == Hash{}) return nullptr;
  const auto known = known_.find(hash);
  if (known != known_.end()) return known->second ? &*known->second : nullptr;

  std::optional<domain::Manifest> manifest;
  if (const auto bytes = reader_.manifest(hash))
    if (auto decoded = record::decode_manifest(*bytes)) manifest = std::move(*decoded);
  const auto& kept = known_.emplace(hash, std::move(manifest)).first->second;
  return kept ? &*kept : nullptr;
}

void for_each_readable_batch(store::Reader& reader, record::Stream stream, UtcTime from, UtcTime until, Unread& unread,
                             const std::function<bool(const store::StoredBatch&)>& visit) {
  bool goes_on = true;
  const auto visit_and_note = [&](const store::StoredBatch& batch) { return goes_on = visit(batch); };
  for (const auto epoch : reader.epochs()) {
    const auto walked = for_each_batch_of(reader, epoch, stream, from, until, visit_and_note);
    if (!walked && !has_left(reader, epoch, walked.error())) unread.emplace(epoch, walked.error());
    if (!goes_on) return;
  }
}

bool has_left(store::Reader& reader, std::uint64_t epoch, const Error& why) {
  if (why.kind() != ErrorKind::not_found) return false;
  const auto epochs = reader.epochs();
  return std::ranges::find(epochs, epoch) == epochs.end();
}

Status for_each_batch_of(store::Reader& reader, std::uint64_t epoch, record::Stream stream, UtcTime from, UtcTime until,
                         const std::function<bool(const store::StoredBatch&)>& visit) {
  const auto found = reader.find(epoch, stream, from, until);
  if (!found) return found.error();
  if (!*found) return {};
  for (std::uint64_t next = (*found)->first; next <= (*found)->last;) {
    const auto batches = reader.read(epoch, stream, {next, (*found)->last}, rows_per_read, bytes_per_read);
    if (!batches) return batches.error();
    if (batches->empty()) break;
    for (const auto& batch : *batches)
      if (batch.start < until && batch.end >= from && !visit(batch)) return {};
    next = batches->back().key.seq + 1;
  }
  return {};
}

Result<std::optional<Bytes>> original_of(store::Reader& reader, const record::Header& copy) {
  const auto& original = *copy.copy_of;
  const auto rows = reader.read(original.epoch, copy.key.stream, {original.seq, original.seq}, 1, bytes_per_read);
  if (!rows || rows->empty()) return std::optional<Bytes>{};
  if (record::sha256(rows->front().bytes) != original.sha256)
    return Error{ErrorKind::corrupt, "the store holds another batch under the key that the copy names"};
  return std::optional(rows->front().bytes);
}

std::string evidence_line(const store::StoredBatch& batch) {
  return nlohmann::json{{"epoch", to_hex(batch.key.epoch)},
                        {"stream", record::name_of(batch.key.stream)},
                        {"seq", batch.key.seq},
                        {"sha256", to_hex(record::sha256(batch.bytes))},
                        {"bytes", to_hex(batch.bytes)}}
      .dump();
}

Result<store::StoredBatch> parse_evidence_line(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const auto text_of = [&json](const char* key) {
    return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
  };
  const auto epoch = text_of("epoch");
  const auto stream = record::stream_of(text_of("stream"));
  const auto bytes = from_hex(text_of("bytes"));
  store::StoredBatch batch;
  const auto parsed = std::from_chars(epoch.data(), epoch.data() + epoch.size(), batch.key.epoch, 16);
  if (epoch.empty() || parsed.ptr != epoch.data() + epoch.size() || !stream || !bytes || !json.contains("seq") ||
      !json["seq"].is_number_unsigned())
    return Error{ErrorKind::corrupt, "not a line of an evidence export"};
  batch.key.stream = *stream;
  batch.key.seq = json["seq"].get<std::uint64_t>();
  batch.bytes = *bytes;
  if (text_of("sha256") != to_hex(record::sha256(batch.bytes)))
    return Error{ErrorKind::corrupt, "the bytes of " + std::string(record::name_of(*stream)) + " batch " +
                                         std::to_string(batch.key.seq) + " do not have the stated SHA-256"};
  return batch;
}

}  // namespace jidian::app

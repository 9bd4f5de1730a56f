#include "uplink/receipts.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/outside_json.hpp"

namespace jidian::uplink {
namespace {

using nlohmann::json;

constexpr std::size_t receipt_bytes_max = 65'536;
constexpr std::size_t entries_max = 1024;
constexpr std::size_t reason_bytes_max = 64;

Error corrupt(const std::string& what) {
  return {ErrorKind::corrupt, what};
}

std::optional<std::uint64_t> epoch_of(const json& text) {
  if (!text.is_string()) return std::nullopt;
  const auto& digits = text.get_ref<const std::string&>();
  std::uint64_t epoch = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), epoch, 16);
  if (error != std::errc{} || end != digits.data() + digits.size() || to_hex(epoch) != digits) return std::nullopt;
  return epoch;
}

std::optional<std::uint64_t> seq_of(const json& number) {
  if (!number.is_number_unsigned()) return std::nullopt;
  const auto seq = number.get<std::uint64_t>();
  return seq == 0 ? std::nullopt : std::optional(seq);
}

const json& member(const json& object, const char* name) {
  static const json missing;
  const auto found = object.find(name);
  return found == object.end() ? missing : *found;
}

/// By its place: what stands there may be as long as the receipt.
Error bad_range(const json& range, std::size_t place) {
  const auto named = "range " + std::to_string(place + 1) + " of 'stored'";
  if (!range[0].is_number() || !range[1].is_number()) return corrupt(named + " is not two numbers");
  return corrupt(named + " is [" + range[0].dump() + "," + range[1].dump() + "]");
}

Status read_stored(const json& ranges, Receipt& receipt) {
  if (ranges.is_null()) return {};
  if (!ranges.is_array() || ranges.size() > entries_max) return corrupt("'stored' is not a list of ranges");
  for (std::size_t place = 0; place < ranges.size(); ++place) {
    const auto& range = ranges[place];
    if (!range.is_array() || range.size() != 2) return corrupt("'stored' has something that is not a range");
    const auto first = seq_of(range[0]);
    const auto last = seq_of(range[1]);
    if (!first || !last || *first > *last) return bad_range(range, place);
    receipt.stored.push_back({*first, *last});
  }
  return {};
}

Status read_head(const json& head, Receipt& receipt) {
  if (receipt.stored.empty()) return {};
  if (!head.is_object()) return corrupt("there is no 'head' for what is stored");
  const auto seq = seq_of(member(head, "seq"));
  const auto& digits = member(head, "sha256");
  const auto bytes = digits.is_string() ? from_hex(digits.get_ref<const std::string&>()) : std::nullopt;
  if (!seq || !bytes || bytes->size() != receipt.head.size()) return corrupt("'head' is not a seq and a SHA-256");
  const auto highest = std::ranges::max_element(receipt.stored, {}, &store::SeqRange::last)->last;
  if (*seq != highest) return corrupt("'head' is not the last batch of 'stored'");
  receipt.head_seq = *seq;
  std::ranges::copy(*bytes, receipt.head.begin());
  return {};
}

Status read_rejected(const json& list, Receipt& receipt) {
  if (list.is_null()) return {};
  if (!list.is_array() || list.size() > entries_max) return corrupt("'rejected' is not a list");
  for (const auto& each : list) {
    const auto seq = each.is_object() ? seq_of(member(each, "seq")) : std::nullopt;
    const auto& reason = each.is_object() ? member(each, "reason") : each;
    if (!seq || !reason.is_string()) return corrupt("'rejected' has something without a seq or a reason");
    std::string word = reason.get<std::string>().substr(0, reason_bytes_max);
    std::ranges::replace_if(
        word, [](char c) { return c < 0x20 || c > 0x7E; }, '?');
    receipt.rejected.push_back({*seq, std::move(word)});
  }
  return {};
}

}  // namespace

Result<Receipt> parse_receipt(ByteView payload) {
  if (payload.size() > receipt_bytes_max) return corrupt("it is larger than 64 KiB");
  const auto read_json = parse_outside_json(payload);
  if (!read_json) return read_json.error();
  const json& parsed = *read_json;
  if (!parsed.is_object()) return corrupt("it is not a JSON object");
  Receipt receipt;
  const auto epoch = epoch_of(member(parsed, "epoch"));
  if (!epoch) return corrupt("'epoch' is not 16 hexadecimal digits");
  receipt.epoch = *epoch;
  const auto& stream = member(parsed, "stream");
  const auto known = stream.is_string() ? record::stream_of(stream.get_ref<const std::string&>()) : std::nullopt;
  if (!known) return corrupt("'stream' is none of event, interval, reading");
  receipt.stream = *known;
  if (const auto read = read_stored(member(parsed, "stored"), receipt); !read) return read.error();
  if (const auto read = read_head(member(parsed, "head"), receipt); !read) return read.error();
  if (const auto read = read_rejected(member(parsed, "rejected"), receipt); !read) return read.error();
  return receipt;
}

Status check_receipt(const Receipt& receipt, store::Reader& reader, const store::Ranges& acknowledged) {
  const auto name = std::string(record::name_of(receipt.stream)) + " of epoch " + to_hex(receipt.epoch);
  const auto refuse = [&](const std::string& why) { return Error{ErrorKind::refused, why}; };
  if (!std::ranges::count(reader.epochs(), receipt.epoch))
    return refuse("it speaks of epoch " + to_hex(receipt.epoch) + ", which this box does not have");
  const auto extent = reader.extent(receipt.epoch, receipt.stream);
  if (!extent) return extent.error();
  const std::uint64_t newest = *extent ? (*extent)->last : 0;
  for (const auto& rejection : receipt.rejected)
    if (rejection.seq > newest)
      return refuse("it rejects batch " + std::to_string(rejection.seq) + " of " + name + ", which was never sent");
  if (receipt.stored.empty()) return {};
  if (receipt.head_seq > newest)
    return refuse("it confirms batch " + std::to_string(receipt.head_seq) + " of " + name + ", which was never sent");

  const auto rows =
      reader.read(receipt.epoch, receipt.stream, {receipt.head_seq, receipt.head_seq}, 1, record::batch_bytes_max);
  if (!rows) return rows.error();
  if (!rows->empty()) {
    if (record::sha256(rows->front().bytes) == receipt.head) return {};
    return refuse("its hash of batch " + std::to_string(receipt.head_seq) + " of " + name +
                  " is not that of our bytes");
  }
  const bool repeats = std::ranges::all_of(
      receipt.stored, [&](const store::SeqRange& range) { return !acknowledged.first_missing(range); });
  if (repeats) return {};
  return refuse("batch " + std::to_string(receipt.head_seq) + " of " + name +
                " is not here any more to compare hashes");
}

}  // namespace jidian::uplink

#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "batch.hpp"
#include "record/record.pb.h"
#include "tell.hpp"

namespace jidian::judge {
namespace {

using Json = nlohmann::ordered_json;
using Amounts = google::protobuf::RepeatedPtrField<v1::Amount>;

constexpr std::array state_names{"unknown", "de_energised", "stopped", "idle", "running"};

/// Whose row it is, as the manifest has it.
struct RowSubject {
  std::string id;
  const Amounts* amounts = nullptr;
};

RowSubject subject_of(const v1::Manifest& manifest, const v1::AggregateRow& row) {
  const auto index = static_cast<int>(row.index());
  if (row.kind() == 1 && index < manifest.facilities_size())
    return {manifest.facilities(index).id(), &manifest.facilities(index).amounts()};
  if (row.kind() == 2 && index < manifest.site().accounts_size())
    return {manifest.site().accounts(index).id(), &manifest.site().accounts(index).amounts()};
  if (row.kind() == 3 && index == 0) return {"site", &manifest.site().amounts()};
  throw DamagedBatch("a row of what the manifest does not have");
}

/// `number` × 10^`exponent`, every digit of it.
std::string decimal_of(std::int64_t number, int exponent) {
  std::string digits = std::to_string(number);
  if (exponent >= 0) return digits == "0" ? digits : digits + std::string(static_cast<std::size_t>(exponent), '0');
  const std::size_t sign = digits.front() == '-' ? 1 : 0;
  const auto places = static_cast<std::size_t>(-exponent);
  if (digits.size() - sign <= places) digits.insert(sign, places + 1 - (digits.size() - sign), '0');
  return digits.insert(digits.size() - places, ".");
}

Json json_of(const v1::AggregateRow& row, const RowSubject& subject) {
  const int columns = subject.amounts->size();
  if ((row.amounts_size() != 0 && row.amounts_size() != columns) ||
      (row.marks_size() != 0 && row.marks_size() != columns) ||
      (row.state_ms_size() != 0 && row.state_ms_size() != static_cast<int>(state_names.size())))
    throw DamagedBatch("a row does not fit the manifest");
  Json amounts = Json::object();
  Json marks = Json::object();
  for (int i = 0; i < columns; ++i) {
    const v1::Amount& amount = (*subject.amounts)[i];
    amounts[amount.name()] = decimal_of(row.amounts_size() == 0 ? 0 : row.amounts(i), amount.exponent());
    marks[amount.name()] = row.marks_size() == 0 ? 0 : row.marks(i);
  }
  Json states = Json::object();
  for (int i = 0; i < row.state_ms_size(); ++i) states[state_names[static_cast<std::size_t>(i)]] = row.state_ms(i);
  return {{"subject", subject.id},
          {"start_ms", row.start_ms()},
          {"length_s", row.length_s()},
          {"shift", row.shift()},
          {"polls_made", row.polls_made()},
          {"polls_expected", row.polls_expected()},
          {"covered_s", row.covered_s()},
          {"amounts", amounts},
          {"marks", marks},
          {"state_ms", states},
          {"starts", row.starts()}};
}

}  // namespace

void tell_rows(const Ledger& ledger, const std::string& subject, std::uint32_t length_s, std::ostream& out) {
  ledger.for_each([&](const Row& stored) {
    if (stored.key.stream != interval_stream || !stored.taken) return;
    const Batch batch = decode_batch(stored.bytes);
    const auto bytes = ledger.manifest(batch.manifest);
    v1::Manifest manifest;
    v1::Intervals rows;
    if (!bytes || !manifest.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())))
      throw DamagedBatch("an interval batch without its manifest");
    if (!rows.ParseFromArray(batch.body.data(), static_cast<int>(batch.body.size())))
      throw DamagedBatch("the rows cannot be parsed");
    for (const auto& row : rows.aggregates()) {
      const RowSubject whose = subject_of(manifest, row);
      if ((subject.empty() || whose.id == subject) && (length_s == 0 || row.length_s() == length_s))
        out << json_of(row, whose).dump() << '\n';
    }
  });
}

}  // namespace jidian::judge

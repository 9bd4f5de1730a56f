#include "manifest.hpp"

#include "record/record.pb.h"

namespace jidian::judge {
namespace {

constexpr std::uint32_t unsigned_types_end = 2;

void read_amounts(std::pair<int, std::size_t> subject, const std::string& id,
                  const google::protobuf::RepeatedPtrField<v1::Amount>& in, Manifest& manifest) {
  auto& amounts = manifest.amounts[subject];
  for (const auto& amount : in) {
    auto& entry = amounts.emplace_back();
    entry.name = amount.name();
    entry.exponent = amount.exponent();
    for (const auto& source : amount.sources())
      entry.sources.push_back(
          {source.meter(), source.point(), source.factor() == 0 ? 1 : source.factor(), source.factor_exponent()});
  }
  manifest.columns[subject] = amounts.size();
  manifest.subjects[subject] = id;
}

}  // namespace

std::optional<Manifest> decode_manifest(const Bytes& bytes) {
  v1::Manifest message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || message.format() != 1)
    return std::nullopt;
  Manifest manifest;
  for (const auto& meter : message.meters()) {
    auto& entry = manifest.meters.emplace_back();
    entry.id = meter.id();
    entry.bus = meter.bus();
    entry.period_ms = static_cast<std::int64_t>(meter.period_ms());
    auto& types = manifest.types.emplace_back();
    if (meter.point_list() >= static_cast<std::uint32_t>(message.point_lists_size())) return std::nullopt;
    for (const auto& point : message.point_lists(static_cast<int>(meter.point_list())).points()) {
      entry.points.push_back({point.name(), point.quantity(), point.phase(), static_cast<int>(point.type()),
                              point.exponent(), point.modulus(),
                              point.ratio_points_size() > 0 || point.has_scale_point()});
      types.push_back(point.type() < unsigned_types_end ? 0 : static_cast<int>(point.type()) - 1);
    }
  }
  for (int i = 0; i < message.facilities_size(); ++i)
    read_amounts({1, static_cast<std::size_t>(i)}, message.facilities(i).id(), message.facilities(i).amounts(),
                 manifest);
  for (int i = 0; i < message.site().accounts_size(); ++i)
    read_amounts({2, static_cast<std::size_t>(i)}, message.site().accounts(i).id(),
                 message.site().accounts(i).amounts(), manifest);
  read_amounts({3, 0}, "site", message.site().amounts(), manifest);
  return manifest;
}

}  // namespace jidian::judge

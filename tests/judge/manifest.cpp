#include "manifest.hpp"

#include "record/record.pb.h"

namespace jidian::judge {
namespace {

constexpr std::uint32_t unsigned_types_end = 2;

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
      entry.points.push_back({point.name(), point.quantity(), point.phase(), static_cast<int>(point.type())});
      types.push_back(point.type() < unsigned_types_end ? 0 : static_cast<int>(point.type()) - 1);
    }
  }
  return manifest;
}

}  // namespace jidian::judge

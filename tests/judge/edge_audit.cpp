#include "edge_audit.hpp"

namespace jidian::judge {

void EdgeAudit::expect(const MeterRow& row, const Manifest& manifest) {
  const auto& meter = manifest.meters.at(static_cast<std::size_t>(row.meter));
  for (std::size_t i = 0; i < row.points.size(); ++i) {
    const auto& edges = row.points[i];
    add(meter, i, edges.first_ms, edges.first);
    add(meter, i, edges.last_ms, edges.last);
  }
}

void EdgeAudit::add(const ManifestMeter& meter, std::size_t point, std::int64_t at_ms, std::uint64_t bits) {
  if (at_ms != 0) edges_[{meter.id, at_ms}].try_emplace({meter.points.at(point).name, bits}, false);
}

void EdgeAudit::settle(const ManifestMeter& meter, const Poll& poll) {
  const auto end = edges_.upper_bound({meter.id, poll.end_ms});
  for (auto edges = edges_.lower_bound({meter.id, poll.start_ms}); edges != end; ++edges)
    for (std::size_t i = 0; i < poll.values.size(); ++i) {
      const auto& value = poll.values[i];
      if (!value.present || edges->first.second > poll.there_ms(value)) continue;
      const auto edge = edges->second.find({meter.points[i].name, value.bits});
      if (edge != edges->second.end()) edge->second = true;
    }
}

EdgeAudit::Outcome EdgeAudit::finish(const std::function<bool(const std::string&, std::int64_t)>& is_gone) const {
  Outcome outcome;
  for (const auto& [instant, samples] : edges_)
    for (const auto& [sample, was_read] : samples) {
      const auto& [meter, at_ms] = instant;
      if (!was_read && is_gone(meter, at_ms)) continue;
      ++outcome.compared;
      if (was_read) continue;
      ++outcome.wrong;
      outcome.findings.push_back(meter + " " + sample.first + ": a row has " + std::to_string(sample.second) +
                                 " as an edge at " + std::to_string(at_ms) + ", and no poll read that");
    }
  return outcome;
}

}  // namespace jidian::judge

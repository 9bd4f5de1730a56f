#include "audit.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "edge_audit.hpp"
#include "manifest.hpp"
#include "row_audit.hpp"

namespace jidian::judge {
namespace {

constexpr std::size_t findings_max = 20;
constexpr int implausible_quality = 6;
constexpr int implausible_event = 30;
constexpr int manifest_event = 4;
constexpr int evicted_cause = 13;
constexpr int damaged_cause = 14;

void note(Verdict& verdict, std::string finding) {
  if (verdict.findings.size() < findings_max) verdict.findings.push_back(std::move(finding));
}

/// What is known of one meter once all batches were read.
struct Meter {
  std::string bus;
  std::int64_t period_ms = 0;
  std::vector<std::int64_t> slots;
};

/// A time in which a meter was to be polled every `period_ms`; 0: it was not.
struct Span {
  std::int64_t from_ms = 0;
  std::int64_t until_ms = 0;
  std::int64_t period_ms = 0;
};

struct DeclaredGap {
  std::string subject;
  Gap gap;
};

/// Checks one stream's order and chain. Behind a batch that was rejected as a conflict the chain may go on from that
/// one's hash: the gateway's record is whole, and the rejected batch's content comes as a copy.
class ChainCheck {
 public:
  explicit ChainCheck(const Ledger& ledger) : ledger_(ledger) {}

  void step(const Row& row, const Batch& batch, Verdict& verdict) {
    const auto name = batch.gateway + " " + std::to_string(batch.epoch) + "/" + std::to_string(batch.stream);
    if (batch.seq != row.key.seq || batch.epoch != row.key.epoch) ++verdict.damaged;
    if (batch.seq != last_seq_ + 1) {
      verdict.holes += batch.seq - last_seq_ - 1;
      note(verdict,
           name + ": seqs " + std::to_string(last_seq_ + 1) + " to " + std::to_string(batch.seq - 1) + " are missing");
    } else if (batch.previous != last_hash_ &&
               ledger_.was_conflict({batch.gateway, batch.epoch, batch.stream, last_seq_}, batch.previous)) {
      ++verdict.restarts;
    } else if (batch.previous != last_hash_) {
      ++verdict.chain_breaks;
      note(verdict, name + ": batch " + std::to_string(batch.seq) + " does not name the one before it");
    }
    last_seq_ = batch.seq;
    last_hash_ = row.sha256;
  }

 private:
  const Ledger& ledger_;
  std::uint64_t last_seq_ = 0;
  std::string last_hash_;  // the first batch of a stream names none
};

class Auditor {
 public:
  Auditor(const Ledger& ledger, TruthSource* truth) : ledger_(ledger), truth_(truth) {}

  /// Before any other: what rows say is looked for in the polls.
  void read_edges(const Row& row) {
    if (row.key.stream != interval_stream || !row.taken) return;
    try {
      Batch batch = decode_batch(row.bytes);
      const auto* manifest = find_manifest(batch.manifest);
      if (manifest == nullptr) return;
      decode_rows(batch, manifest->types, manifest->columns);
      for (const auto& of_meter : batch.meter_rows) edges_.expect(of_meter, *manifest);
    } catch (const DamagedBatch&) {
      return;  // read() says so
    }
  }

  void read(const Row& row) {
    Batch batch;
    try {
      batch = decode_batch(row.bytes);
      if (batch.stream == reading_stream && row.taken) read_polls(batch);
      if (batch.stream == interval_stream && row.taken) read_rows(batch);
    } catch (const DamagedBatch& damage) {
      ++verdict_.damaged;
      note(verdict_, std::string("a stored batch cannot be decoded: ") + damage.what());
      return;
    }
    ++verdict_.batches;
    verdict_.payload_bytes += row.bytes.size();
    if (batch.stream == reading_stream) verdict_.reading_bytes += row.bytes.size();
    epochs_.insert(batch.epoch);
    chains_.try_emplace({batch.gateway, batch.epoch, batch.stream}, ledger_).first->second.step(row, batch, verdict_);
    verdict_.copies += batch.copy_of ? 1U : 0U;
    if (!row.taken) {
      ++verdict_.copies_spare;
      return;
    }
    verdict_.rows += batch.rows;
    verdict_.events += batch.events.size();
    for (const auto& event : batch.events) {
      if (event.kind == implausible_event) count_implausible(event);
      if (event.kind == manifest_event) note_manifest(event);
      if (!event.is_gap) continue;
      gaps_.push_back({event.subject, event.gap});
      ++verdict_.gaps_by_cause[event.gap.cause];
    }
  }

  Verdict finish(std::int64_t from_ms, std::int64_t until_ms) {
    verdict_.epochs = epochs_.size();
    for (const auto& [manifest, audit] : rows_) {
      const auto rows = audit.finish();
      verdict_.aggregates += rows.aggregates;
      verdict_.amounts_compared += rows.compared;
      verdict_.amounts_wrong += rows.wrong;
      for (const auto& finding : rows.findings) note(verdict_, finding);
    }
    for (auto& [id, meter] : meters_) std::ranges::sort(meter.slots);
    take_edges();
    std::int64_t last_ms = until_ms;
    if (last_ms == 0)
      for (const auto& [id, meter] : meters_)
        if (!meter.slots.empty()) last_ms = std::max(last_ms, meter.slots.back() + 1);
    std::ranges::stable_sort(in_force_, {}, &InForce::from_ms);
    for (const auto& [id, meter] : meters_) count_slots(id, meter, from_ms, last_ms);
    verdict_.duplicates = ledger_.counted("duplicates");
    verdict_.conflicts = ledger_.counted("conflicts");
    verdict_.false_copies = ledger_.counted("false_copies");
    verdict_.refused = ledger_.counted("damaged") + ledger_.counted("wrong_topic");
    return std::move(verdict_);
  }

 private:
  void read_polls(Batch& batch) {
    const auto* manifest = find_manifest(batch.manifest);
    if (manifest == nullptr) throw DamagedBatch("its manifest was never sent");
    decode_polls(batch, manifest->types);
    for (const auto& poll : batch.polls) {
      const auto& entry = manifest->meters[static_cast<std::size_t>(poll.meter)];
      auto& meter = meters_[entry.id];
      meter.slots.push_back(poll.slot_ms);
      ++verdict_.polls;
      verdict_.readings += poll.values.size();
      verdict_.values_implausible +=
          static_cast<std::uint64_t>(std::ranges::count(poll.values, implausible_quality, &Value::quality));
      if (truth_ != nullptr) check_values(entry, poll);
      edges_.settle(entry, poll);
    }
  }

  /// Only where readings are taken, and from the first of them on.
  void take_edges() {
    const auto is_gone = [this](const std::string& id, std::int64_t at_ms) {
      const auto& meter = meters_[id];
      if (meter.slots.empty() || at_ms < meter.slots.front()) return true;
      return is_declared(id, meter, at_ms) || is_declared(id, meter, at_ms - meter.period_ms) || is_evicted(at_ms);
    };
    const auto edges = edges_.finish(is_gone);
    verdict_.edges_compared = edges.compared;
    verdict_.edges_false = edges.wrong;
    for (const auto& finding : edges.findings) note(verdict_, finding);
  }

  void read_rows(Batch& batch) {
    const auto* manifest = find_manifest(batch.manifest);
    if (manifest == nullptr) throw DamagedBatch("its manifest was never sent");
    decode_rows(batch, manifest->types, manifest->columns);
    rows_[batch.gateway + batch.manifest].add(batch, *manifest);
  }

  void count_implausible(const Event& event) {
    const auto fact = [&](const char* name) {
      const auto found = event.facts.find(name);
      return found == event.facts.end() ? std::string("?") : found->second;
    };
    ++verdict_.implausible[event.subject + " " + fact("check") + " " + fact("state")];
  }

  void check_values(const ManifestMeter& entry, const Poll& poll) {
    for (std::size_t i = 0; i < poll.values.size(); ++i) {
      const auto& value = poll.values[i];
      const auto& point = entry.points[i];
      if (!value.present) continue;
      switch (truth_->check(entry.id, point.quantity, point.phase, point.type, value.bits, poll.start_ms,
                            poll.there_ms(value))) {
        case TruthSource::Answer::was_so:
          ++verdict_.values_checked;
          break;
        case TruthSource::Answer::unknown:
          ++verdict_.values_unknown;
          break;
        case TruthSource::Answer::was_not_so:
          ++verdict_.values_checked;
          ++verdict_.values_false;
          note(verdict_, entry.id + " " + point.name + " at " + std::to_string(poll.start_ms) + ": " +
                             std::to_string(value.bits) + " is not what the plant had");
      }
    }
  }

  const Manifest* find_manifest(const std::string& hash) {
    const auto known = manifests_.find(hash);
    if (known != manifests_.end()) return known->second ? &*known->second : nullptr;
    const auto bytes = ledger_.manifest(hash);
    auto& manifest = manifests_[hash];
    if (bytes) manifest = decode_manifest(*bytes);
    if (!manifest) return nullptr;
    for (const auto& entry : manifest->meters) {
      auto& meter = meters_[entry.id];
      meter.bus = entry.bus;
      meter.period_ms = entry.period_ms;
    }
    return &*manifest;
  }

  bool is_declared(const std::string& id, const Meter& meter, std::int64_t slot_ms) const {
    return std::ranges::any_of(gaps_, [&](const DeclaredGap& declared) {
      const auto& subject = declared.subject;
      return (subject.empty() || subject == id || subject == meter.bus) && declared.gap.from_ms <= slot_ms &&
             slot_ms < declared.gap.until_ms;
    });
  }

  void note_manifest(const Event& event) {
    if (event.facts.contains("again")) return;  // it does not come into force
    const auto hash = event.facts.find("sha256");
    const auto* manifest = hash == event.facts.end() ? nullptr : find_manifest(hash->second);
    if (manifest != nullptr) in_force_.push_back({event.time_ms, manifest});
  }

  /// What the manifests say of a meter, each from its event on.
  std::vector<Span> spans_of(const std::string& id, const Meter& meter) const {
    constexpr auto always = std::numeric_limits<std::int64_t>::max();
    std::vector<Span> spans;
    for (const auto& [from_ms, manifest] : in_force_) {
      const auto entry = std::ranges::find(manifest->meters, id, &ManifestMeter::id);
      const std::int64_t period_ms = entry == manifest->meters.end() ? 0 : entry->period_ms;
      if (!spans.empty() && spans.back().period_ms == period_ms) continue;
      if (!spans.empty()) spans.back().until_ms = from_ms;
      spans.push_back({spans.empty() ? 0 : from_ms, always, period_ms});
    }
    if (spans.empty()) spans.push_back({0, always, meter.period_ms});
    return spans;
  }

  /// Whether readings of that instant left the store, or were damaged in it, before they could come here, and an event
  /// says so.
  bool is_evicted(std::int64_t at_ms) const {
    return std::ranges::any_of(gaps_, [at_ms](const DeclaredGap& declared) {
      const auto& gap = declared.gap;
      return (gap.cause == evicted_cause || gap.cause == damaged_cause) && declared.subject == "reading" &&
             gap.from_ms <= at_ms && at_ms <= gap.until_ms;
    });
  }

  void count_slots(const std::string& id, const Meter& meter, std::int64_t from_ms, std::int64_t until_ms) {
    if (meter.period_ms <= 0) return;
    if (meter.slots.empty() && from_ms == 0) {
      ++verdict_.slots_missing;
      note(verdict_, id + ": never recorded");
      return;
    }
    const auto first_ms = from_ms != 0 ? from_ms : meter.slots.front();
    std::size_t next = 0;
    for (const Span& span : spans_of(id, meter))
      if (span.period_ms > 0)
        count_span(id, meter, {std::max(first_ms, span.from_ms), std::min(until_ms, span.until_ms), span.period_ms},
                   next);
  }

  void count_span(const std::string& id, const Meter& meter, const Span& span, std::size_t& next) {
    const auto begin = (span.from_ms + span.period_ms - 1) / span.period_ms * span.period_ms;
    for (std::int64_t slot = begin; slot < span.until_ms; slot += span.period_ms) {
      while (next < meter.slots.size() && meter.slots[next] < slot) ++next;
      ++verdict_.slots_expected;
      if (next < meter.slots.size() && meter.slots[next] == slot) {
        for (++next; next < meter.slots.size() && meter.slots[next] == slot; ++next) ++verdict_.repeated_polls;
      } else if (is_declared(id, meter, slot) || is_evicted(slot)) {
        ++verdict_.slots_in_gaps;
      } else {
        ++verdict_.slots_missing;
        note(verdict_, id + ": nothing at " + std::to_string(slot) + ", and no gap says why");
      }
    }
  }

  struct InForce {
    std::int64_t from_ms = 0;
    const Manifest* manifest = nullptr;
  };

  const Ledger& ledger_;
  TruthSource* truth_;
  Verdict verdict_;
  std::set<std::uint64_t> epochs_;
  std::map<std::tuple<std::string, std::uint64_t, int>, ChainCheck> chains_;
  std::map<std::string, std::optional<Manifest>> manifests_;
  std::map<std::string, Meter> meters_;
  std::vector<DeclaredGap> gaps_;
  std::vector<InForce> in_force_;
  std::map<std::string, RowAudit> rows_;  // by gateway and manifest
  EdgeAudit edges_;
};

}  // namespace

bool Verdict::clean() const {
  return damaged + holes + chain_breaks + repeated_polls + slots_missing + values_false + amounts_wrong + edges_false ==
             0 &&
         conflicts == 0 && false_copies == 0 && refused == 0 && batches > 0;
}

Verdict audit(const Ledger& ledger, TruthSource* truth, std::int64_t from_ms, std::int64_t until_ms) {
  Auditor auditor(ledger, truth);
  ledger.for_each([&auditor](const Row& row) { auditor.read_edges(row); });
  ledger.for_each([&auditor](const Row& row) { auditor.read(row); });
  return auditor.finish(from_ms, until_ms);
}

}  // namespace jidian::judge

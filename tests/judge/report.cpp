#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "audit.hpp"

namespace jidian::judge {
namespace {

constexpr std::array cause_names{"?",       "meter silent",  "bus fault",  "foreign master", "queue full",
                                 "box off", "supply lost",   "clean stop", "crash",          "watchdog",
                                 "update",  "configuration", "clock",      "evicted",        "damaged"};

std::string name_of_cause(int cause) {
  const auto index = static_cast<std::size_t>(cause);
  return index < cause_names.size() ? cause_names[index] : "cause " + std::to_string(cause);
}

double bytes_per_reading(const Verdict& verdict) {
  return verdict.readings == 0 ? 0 : static_cast<double>(verdict.reading_bytes) / static_cast<double>(verdict.readings);
}

std::string line(const char* name, std::uint64_t number, const std::string& remark = "") {
  std::array<char, 160> text{};
  (void)std::snprintf(text.data(), text.size(), "  %-22s %12llu  %s\n", name, static_cast<unsigned long long>(number),
                      remark.c_str());
  return text.data();
}

}  // namespace

std::string to_json(const Verdict& verdict) {
  nlohmann::ordered_json gaps = nlohmann::ordered_json::object();
  for (const auto& [cause, count] : verdict.gaps_by_cause) gaps[name_of_cause(cause)] = count;
  return nlohmann::ordered_json{{"clean", verdict.clean()},
                                {"batches", verdict.batches},
                                {"payload_bytes", verdict.payload_bytes},
                                {"readings", verdict.readings},
                                {"bytes_per_reading", bytes_per_reading(verdict)},
                                {"polls", verdict.polls},
                                {"events", verdict.events},
                                {"interval_rows", verdict.rows},
                                {"aggregate_rows", verdict.aggregates},
                                {"amounts_compared", verdict.amounts_compared},
                                {"amounts_wrong", verdict.amounts_wrong},
                                {"edges_compared", verdict.edges_compared},
                                {"edges_false", verdict.edges_false},
                                {"epochs", verdict.epochs},
                                {"damaged", verdict.damaged},
                                {"holes", verdict.holes},
                                {"chain_breaks", verdict.chain_breaks},
                                {"repeated_polls", verdict.repeated_polls},
                                {"slots_expected", verdict.slots_expected},
                                {"slots_in_gaps", verdict.slots_in_gaps},
                                {"slots_missing", verdict.slots_missing},
                                {"values_checked", verdict.values_checked},
                                {"values_unknown", verdict.values_unknown},
                                {"values_false", verdict.values_false},
                                {"values_implausible", verdict.values_implausible},
                                {"implausible", verdict.implausible},
                                {"duplicates", verdict.duplicates},
                                {"conflicts", verdict.conflicts},
                                {"copies", verdict.copies},
                                {"copies_spare", verdict.copies_spare},
                                {"false_copies", verdict.false_copies},
                                {"restarts", verdict.restarts},
                                {"refused", verdict.refused},
                                {"gaps", gaps},
                                {"findings", verdict.findings}}
      .dump(2);
}

std::string to_text(const Verdict& verdict) {
  std::array<char, 64> density{};
  (void)std::snprintf(density.data(), density.size(), "%.2f bytes per reading", bytes_per_reading(verdict));
  std::string gaps;
  std::uint64_t declared = 0;
  for (const auto& [cause, count] : verdict.gaps_by_cause) declared += count;
  for (const auto& [cause, count] : verdict.gaps_by_cause)
    gaps += (gaps.empty() ? "" : ", ") + std::to_string(count) + " " + name_of_cause(cause);

  std::string text = "The judge's verdict\n";
  text += line(
      "batches", verdict.batches,
      "seq without a hole, chain unbroken: " + std::string(verdict.holes + verdict.chain_breaks == 0 ? "yes" : "NO"));
  text += line("readings", verdict.readings, density.data());
  text += line("polls expected", verdict.slots_expected);
  text += line("  of them in gaps", verdict.slots_in_gaps, "the record says why");
  text += line("  missing", verdict.slots_missing, "nobody said why");
  if (!gaps.empty()) text += line("gaps on record", declared, gaps + "; short ones hold no poll");
  text += line("values compared", verdict.values_checked, "with what the plant really had");
  text += line("  false", verdict.values_false);
  if (verdict.values_implausible > 0)
    text += line("  implausible", verdict.values_implausible, "marked so by the gateway");
  if (verdict.edges_compared > 0)
    text += line("edges of rows", verdict.edges_compared,
                 verdict.edges_false == 0 ? "each a sample that was read"
                                          : std::to_string(verdict.edges_false) + " were NOT read");
  if (verdict.aggregates > 0)
    text += line("amounts in rows", verdict.amounts_compared,
                 verdict.amounts_wrong == 0 ? "each the sum of what it is made of"
                                            : std::to_string(verdict.amounts_wrong) + " are NOT their sum");
  text += line("duplicates removed", static_cast<std::uint64_t>(verdict.duplicates), "same key, same hash");
  text += line("conflicts", static_cast<std::uint64_t>(verdict.conflicts), "same key, other bytes");
  if (verdict.copies > 0) text += line("copies", verdict.copies, "content of conflicts, told again in a new epoch");
  for (const auto& finding : verdict.findings) text += "  FINDING " + finding + "\n";
  text += verdict.clean() ? "Verdict: nothing lost, nothing false, nothing twice.\n" : "Verdict: NOT clean.\n";
  return text;
}

}  // namespace jidian::judge

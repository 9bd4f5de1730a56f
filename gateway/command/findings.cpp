#include "command/findings.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "identity/identity.hpp"

namespace jidian::command {
namespace {

// Meters lose a poll now and then; an electrician is called for a row of them.
constexpr std::uint32_t misses_worth_telling = 3;
// A line this busy has no room for a retry.
constexpr double load_worth_telling = 0.9;
// Time to order a disk or mend a link before the quota bites.
constexpr double days_left_worth_telling = 7;
// A destination may be slow, and a start needs a moment; after this somebody should look.
constexpr std::int64_t silence_worth_telling_s = 300;
constexpr std::int64_t start_grace_s = 60;
// Commit intervals are seconds; the record stands still if meters answer and this passes.
constexpr std::int64_t commit_age_worth_telling_s = 900;

using Level = Finding::Level;
using Findings = std::vector<Finding>;

std::string span_of(std::int64_t seconds) {
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7'200) return std::to_string(seconds / 60) + " min";
  if (seconds < 172'800) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86'400) + " days";
}

std::string percent_of(double share) {
  return std::to_string(std::lround(share * 100)) + " %";
}

bool is_silent(const health::MeterHealth& meter) {
  return meter.misses_in_row >= misses_worth_telling || meter.next_try.has_value();
}

/// Whether it answers, but keeps refusing some registers; a lost reply now and then is none of our business.
bool refuses_points(const health::MeterHealth& meter) {
  return meter.misses_in_row == 0 && meter.last_error_kind == ErrorKind::refused && !meter.learning &&
         meter.exceptions >= misses_worth_telling;
}

bool is_serial(const health::BusHealth& bus) {
  return bus.address.starts_with('/');
}

void add_gateway(const Snapshot& snapshot, Findings& findings) {
  if (snapshot.stuck)
    findings.push_back({Level::error, "gateway", "the loop '" + *snapshot.stuck + "' makes no progress",
                        "systemd restarts the gateway through its watchdog; if it comes back, save "
                        "`journalctl -u jidian` and report it"});
  if (snapshot.clock == ClockQuality::unsynchronised)
    findings.push_back({Level::warning, "clock",
                        "the clock was not synchronised since the box started; readings are marked as such",
                        "see `timedatectl timesync-status`; let UDP port 123 through to the time server"});
  if (snapshot.clock == ClockQuality::holdover)
    findings.push_back({Level::warning, "clock", "the clock has lost its time reference and runs free",
                        "see `timedatectl timesync-status`; let UDP port 123 through to the time server"});
  if (snapshot.clock == ClockQuality::unknown)
    findings.push_back(
        {Level::warning, "clock", "whether the clock is synchronised is not known; readings are recorded with that",
         "see `systemctl status jidian-clock`, which asks the kernel for the gateway; in a container, let "
         "it call adjtimex"});
}

void add_configuration(const ConfigurationView& configuration, Findings& findings) {
  if (!configuration.trouble.empty())
    findings.push_back({Level::warning, "configuration", "the file on disk is not what runs: " + configuration.trouble,
                        configuration.advice});
}

void add_store(const Snapshot& snapshot, Findings& findings) {
  const auto& store = snapshot.store;
  if (!store.trouble.empty())
    findings.push_back({Level::error, "store", store.trouble,
                        "see `df -h " + store.folder +
                            "` and `dmesg`: the disk may be full, read-only or failing; "
                            "events and gap records say what was lost, if anything"});

  const bool meters_answer =
      std::any_of(snapshot.meters.begin(), snapshot.meters.end(), [&snapshot](const health::MeterHealth& meter) {
        return meter.last_good && age_s(snapshot.now, *meter.last_good) < silence_worth_telling_s;
      });
  if (store.takes_writes && meters_answer && store.last_commit &&
      age_s(snapshot.now, *store.last_commit) > commit_age_worth_telling_s)
    findings.push_back(
        {Level::error, "store",
         "meters answer, but nothing was committed for " + span_of(age_s(snapshot.now, *store.last_commit)),
         "see `journalctl -u jidian`; the disk may be stalled"});

  const bool unconfirmed =
      std::any_of(snapshot.uplinks.begin(), snapshot.uplinks.end(), [&snapshot](const health::UplinkHealth& uplink) {
        return uplink.oldest_pending && age_s(snapshot.now, *uplink.oldest_pending) > silence_worth_telling_s;
      });
  // What everybody has gives way: a full store is not what drops something.
  const double days = store.autonomy_days >= 0 ? store.autonomy_days : store.days_left;
  if (unconfirmed && days >= 0 && days < days_left_worth_telling)
    findings.push_back({Level::error, "store",
                        "room for " + span_of(std::lround(days * 86'400)) +
                            " is left, then the oldest unconfirmed batches are dropped",
                        "mend the uplink, or raise `quota` of the store"});
  if (store.evicted > 0)
    findings.push_back({Level::warning, "store",
                        std::to_string(store.evicted) + " batches left before every destination had confirmed them",
                        "the `evicted` events name their times; mend the uplink, or raise `quota` of the store"});
}

void add_bus(const health::BusHealth& bus, std::size_t meters, std::size_t silent, Findings& findings) {
  const std::string about = "bus " + bus.id;
  if (bus.other_master && !bus.lent) {
    findings.push_back(
        {Level::error, about, "nothing is sent on " + bus.address + ": " + bus.last_error,
         "let one of the two go, and the line is polled within two minutes; if both must stay and all agree, "
         "`other_master = \"accepted\"` in its [[bus]]"});
  } else if (!bus.open && !bus.lent && !bus.last_error.empty()) {
    findings.push_back({Level::error, about, bus.address + " cannot be opened: " + bus.last_error,
                        is_serial(bus) ? "check that the adapter is plugged in and no other program uses the port"
                                       : "check the device's power and network cable, then `ping` it; many devices "
                                         "take one connection only"});
  } else if (meters > 1 && silent == meters) {
    findings.push_back(
        {Level::error, about, "none of its " + std::to_string(meters) + " meters answers",
         is_serial(bus) ? "check the line: A and B swapped, cable cut, converter's power, baud rate and parity"
                        : "check that " + bus.address + " is the right device, and that its unit addresses are set"});
  }
  if (bus.load > load_worth_telling)
    findings.push_back({Level::warning, about, "the bus is busy " + percent_of(bus.load) + " of the time",
                        "raise `period` of its meters, or the baud rate; polls that find no slot are skipped"});
  if (bus.dropped_polls > 0)
    findings.push_back(
        {Level::error, about,
         std::to_string(bus.dropped_polls) + " polls were dropped because the recorder could not keep up",
         "the disk is too slow or stalls: see `dmesg` and `iostat -x`; the record holds a gap for them"});
  if (bus.dropped_events > 0)
    findings.push_back(
        {Level::error, about,
         std::to_string(bus.dropped_events) + " events were lost because the recorder could not keep up",
         "the disk is too slow or stalls: see `dmesg` and `iostat -x`; the log of that time tells of them"});
}

/// By the last error: what went wrong hours ago is another story.
std::string advice_for(const health::MeterHealth& meter) {
  if (meter.last_error_kind == ErrorKind::refused)
    return "the meter refuses the request: compare its model with `profile`";
  if (meter.last_error_kind == ErrorKind::corrupt)
    return "the line is disturbed: check termination (120 ohm), shield, and that no address is used twice";
  return "check its power, its wires and its address (unit " + std::to_string(meter.unit) + "), then `jidian read " +
         meter.id + "`";
}

std::string advice_for(const health::MeterRecord::Doubt& doubt) {
  std::string advice;
  if (doubt.check == "ct_reversed")
    advice = "exchange S1 and S2 of that transformer, or look whether it sits on the phase of its voltage";
  else if (doubt.check == "zero_current")
    advice = "look at the transformer's terminals and short-circuit links";
  else if (doubt.check == "phase_sum")
    advice = "look at the wiring mode of the meter and at its profile";
  else if (doubt.check == "constant_value")
    advice = "compare with its display: the meter answers and does not measure";
  else if (doubt.check == "parent_sum")
    advice = "look for a meter without `parent`, and for a wrong transformer ratio in this family";
  else
    advice = "compare with its display";
  return advice + "; if it must be so, `unchecked = [\"" + doubt.check + "\"]` in its [[meter]]";
}

/// "a, b, c and 4 more".
std::string named(const std::vector<std::string>& names) {
  constexpr std::size_t shown_max = 3;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), shown_max); ++i) list += (i == 0 ? "" : ", ") + names[i];
  return names.size() <= shown_max ? list : list + " and " + std::to_string(names.size() - shown_max) + " more";
}

void add_standing(const Snapshot& snapshot, const health::MeterHealth& meter, Findings& findings) {
  const std::string about = "meter " + meter.id;
  if (!meter.foreign.empty())
    findings.push_back({Level::error, about, "is not the meter that was expected: " + meter.foreign,
                        "look at its name plate and unit number; if it was exchanged: `jidian replace " + meter.id +
                            "`; if the site file is wrong: correct `serial` or `profile` there"});
  if (!meter.refused.empty())
    findings.push_back({Level::warning, about, "has not got " + named(meter.refused),
                        "compare its model and firmware with `profile`; if they are right, leave these out of `points` "
                        "in its [[meter]]"});
  const auto* record = record_of(snapshot, meter.id);
  if (record == nullptr) return;
  for (const auto& doubt : record->doubts)
    findings.push_back({Level::warning, about,
                        doubt.text.substr(0, doubt.text.find_last_not_of('.') + 1) +
                            (doubt.points.empty() ? "" : " (" + doubt.points + ")") + ", for " +
                            span_of(age_s(snapshot.now, doubt.since)),
                        advice_for(doubt)});
}

void add_meter(const Snapshot& snapshot, const health::MeterHealth& meter, Findings& findings) {
  const std::string about = "meter " + meter.id;
  const std::string where = "unit " + std::to_string(meter.unit) + " on " + meter.bus;
  if (is_silent(meter)) {
    std::string what = where + (meter.last_good ? " gave nothing for " + span_of(age_s(snapshot.now, *meter.last_good))
                                                : " has not answered since the start");
    if (!meter.last_error.empty()) what += ": " + meter.last_error;
    findings.push_back({Level::error, about, std::move(what), advice_for(meter)});
    return;
  }
  if (refuses_points(meter) && meter.refused.empty() && meter.foreign.empty())
    findings.push_back({Level::warning, about, where + " answers, but not everything: " + meter.last_error,
                        "compare the meter's model and firmware with `profile`, then `jidian read " + meter.id + "`"});
  add_standing(snapshot, meter, findings);
}

void add_lines(const Snapshot& snapshot, Findings& findings) {
  std::map<std::string, std::size_t> meters;
  std::map<std::string, std::size_t> silent;
  for (const auto& meter : snapshot.meters) {
    ++meters[meter.bus];
    if (is_silent(meter)) ++silent[meter.bus];
  }
  std::set<std::string> dead;
  for (const auto& bus : snapshot.buses) {
    add_bus(bus, meters[bus.id], silent[bus.id], findings);
    const bool closed = !bus.open && !bus.lent && !bus.last_error.empty();
    if (closed || (meters[bus.id] > 1 && silent[bus.id] == meters[bus.id])) dead.insert(bus.id);
  }
  for (const auto& meter : snapshot.meters)
    if (!dead.contains(meter.bus)) add_meter(snapshot, meter, findings);
}

/// Whether the trouble is the rejections themselves: then they need no finding of their own.
bool tells_of_rejections(const health::UplinkHealth& uplink) {
  return uplink.rejected > 0 && uplink.connected && uplink.trouble.find("rejected") != std::string::npos;
}

std::string retry_advice(const health::UplinkHealth& uplink) {
  return "see the `batch_rejected` events, settle the reason, then `jidian uplink retry " + uplink.id + "`";
}

std::string advice_for(const health::UplinkHealth& uplink) {
  return tells_of_rejections(uplink) ? retry_advice(uplink) : "ask the operator of " + uplink.address;
}

/// What the broker will not let in before long.
void add_certificate(const Snapshot& snapshot, const health::UplinkHealth& uplink, Findings& findings) {
  const auto until = *uplink.certificate_until;
  const auto day = format_utc(until).substr(0, 10);
  const auto left = std::chrono::floor<std::chrono::days>(until - snapshot.now);
  const std::string advice =
      "`jidian identity request`, have it signed, then `jidian identity install`; the service port and a USB stick do, "
      "too";
  if (left.count() < 0)
    findings.push_back(
        {Level::error, "uplink " + uplink.id, "the certificate of this box has expired on " + day, advice});
  else if (left < identity::renew_before)
    findings.push_back({Level::warning, "uplink " + uplink.id,
                        "the certificate of this box ends in " + std::to_string(left.count()) + " days, on " + day,
                        advice});
}

void add_uplink(const Snapshot& snapshot, const health::UplinkHealth& uplink, Findings& findings) {
  const std::string about = "uplink " + uplink.id;
  const std::string meanwhile = "recording goes on, " + std::to_string(uplink.pending) + " batches wait";
  const std::int64_t waiting_s = uplink.oldest_pending ? age_s(snapshot.now, *uplink.oldest_pending) : 0;
  const std::int64_t receipt_s =
      uplink.last_receipt ? age_s(snapshot.now, *uplink.last_receipt) : snapshot.uptime.count();

  if (!uplink.connected) {
    if (snapshot.uptime.count() > start_grace_s)
      findings.push_back({Level::warning, about, uplink.trouble.empty() ? "not connected" : uplink.trouble,
                          "check the network and the broker at " + uplink.address + "; " + meanwhile});
  } else if (!uplink.trouble.empty()) {
    findings.push_back({Level::warning, about, uplink.trouble, advice_for(uplink) + "; " + meanwhile});
  } else if (uplink.pending > 0 && std::min(waiting_s, receipt_s) > silence_worth_telling_s) {
    findings.push_back({Level::warning, about,
                        "connected, but nothing was confirmed for " + span_of(std::min(waiting_s, receipt_s)),
                        "ask the operator of " + uplink.address + " whether its receiver runs; " + meanwhile});
  }
  if (uplink.certificate_until) add_certificate(snapshot, uplink, findings);
  if (uplink.rejected > 0 && !tells_of_rejections(uplink))
    findings.push_back({Level::warning, about,
                        std::to_string(uplink.rejected) + " batches were rejected; they are kept",
                        retry_advice(uplink)});
  if (uplink.receipts_refused > 0)
    findings.push_back({Level::warning, about,
                        std::to_string(uplink.receipts_refused) + " receipts did not match what was sent",
                        "two boxes may use this gateway's id, or the receiver is faulty: ask its operator"});
}

}  // namespace

std::string_view state_of(const Snapshot& snapshot, const health::MeterHealth& meter) {
  if (meter.misses_in_row == 0 && !meter.next_try && meter.foreign.empty()) {
    if (meter.polls_good + meter.polls_failed == 0 && meter.last_error.empty()) return "new";
    if (meter.learning) return "learning";
  }
  if (meter.misses_in_row > 0 || meter.next_try || !meter.last_error.empty() || !meter.foreign.empty()) return "fault";
  const auto* record = record_of(snapshot, meter.id);
  const bool doubted = record != nullptr && !record->doubts.empty();
  return doubted || !meter.refused.empty() ? "doubtful" : "well";
}

std::vector<Finding> find_faults(const Snapshot& snapshot) {
  Findings findings;
  add_gateway(snapshot, findings);
  add_configuration(snapshot.configuration, findings);
  for (const auto& trouble : snapshot.interface)
    findings.push_back({Level::warning, "local interface", trouble.what, trouble.advice});
  add_store(snapshot, findings);
  add_lines(snapshot, findings);
  for (const auto& uplink : snapshot.uplinks) add_uplink(snapshot, uplink, findings);
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& left, const Finding& right) { return left.level > right.level; });
  return findings;
}

}  // namespace jidian::command

#include "command/backfill.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace jidian::command {
namespace {

using BackfillJson = nlohmann::json;
using store::SeqRange;

/// Rows and bytes of one read.
constexpr std::size_t read_rows = 64;
constexpr std::size_t read_bytes = 1U << 20;
/// A period that touches more is too long for one command.
constexpr std::size_t period_answers_max = 448;

Error invalid_backfill(const std::string& what) {
  return {ErrorKind::invalid, "'backfill': " + what};
}

std::optional<std::uint64_t> epoch_in(const BackfillJson& object) {
  const auto found = object.find("epoch");
  if (found == object.end() || !found->is_string()) return std::nullopt;
  const auto digits = found->get<std::string>();
  std::uint64_t epoch = 0;
  (void)std::from_chars(digits.data(), digits.data() + digits.size(), epoch, 16);
  return to_hex(epoch) == digits ? std::optional(epoch) : std::nullopt;
}

std::optional<std::uint64_t> seq_in(const BackfillJson& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto seq = found->get<std::uint64_t>();
  return seq == 0 ? std::nullopt : std::optional(seq);
}

std::optional<UtcTime> time_in(const BackfillJson& object, const char* key) {
  constexpr std::int64_t far = std::int64_t{1} << 60;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > static_cast<std::uint64_t>(far)) return std::nullopt;
  const auto ms = found->get<std::int64_t>();
  return ms < -far ? std::nullopt : std::optional(UtcTime(Millis(ms)));
}

Status read_ranges(const BackfillJson& list, BackfillRequest& request) {
  if (!list.is_array() || list.empty() || list.size() > backfill_ranges_max)
    return invalid_backfill("\"ranges\" is not a list of 1 to 64 ranges");
  for (const BackfillJson& each : list) {
    const auto epoch = each.is_object() ? epoch_in(each) : std::nullopt;
    if (!epoch) return invalid_backfill("a range has no \"epoch\" of 16 hexadecimal digits");
    const auto first = seq_in(each, "from");
    const auto last = seq_in(each, "to");
    if (!first || !last || *first > *last)
      return invalid_backfill("a range's \"from\" and \"to\" are no seqs from 1 on, the lower one first");
    request.ranges.push_back({*epoch, {*first, *last}});
  }
  return {};
}

/// What is said of batches that reading failed at: damage stays, anything else may pass.
Fate fate_after(const Error& error) {
  return error.kind() == ErrorKind::corrupt ? Fate::unreadable : Fate::ask_again;
}

/// Makes the plan of one request.
class Planner {
 public:
  Planner(const BackfillRequest& request, store::Reader& reader, const std::string& destination, UtcTime now)
      : request_(request), reader_(reader), destination_(destination), now_(now) {}

  Result<BackfillPlan> plan() {
    epochs_ = reader_.epochs();
    auto departed = reader_.departures();
    if (!departed) return departed.error();
    departed_ = std::move(*departed);
    Status done;
    if (request_.ranges.empty()) {
      done = decide_period();
    } else {
      for (const auto& range : request_.ranges)
        if (done = decide(range.epoch, range.seqs); !done) break;
    }
    if (!done) return done.error();
    std::ranges::stable_sort(plan_.batches, {}, [this](const auto& part) {
      return std::ranges::find(epochs_, part.first) - epochs_.begin();
    });
    return std::move(plan_);
  }

 private:
  Status decide_period();
  Status decide(std::uint64_t epoch, SeqRange asked);
  Status decide_in_file(std::uint64_t epoch, SeqRange asked);
  void decide_gone_epoch(std::uint64_t epoch, SeqRange asked);
  void explain(std::uint64_t epoch, SeqRange absent, Fate otherwise);
  template <typename Answer>
  void explain_by(std::uint64_t epoch, SeqRange absent, Answer otherwise);
  std::uint64_t last_known(std::uint64_t epoch) const;
  const std::vector<store::Departure>& departures_of(std::uint64_t epoch) const;

  void answer(Fate fate, std::uint64_t epoch, SeqRange seqs) {
    plan_.answers.push_back({.fate = fate, .epoch = epoch, .seqs = seqs});
  }
  bool is_spent() const {
    return rows_ >= backfill_batches_max || bytes_ >= backfill_bytes_max ||
           plan_.answers.size() >= backfill_answers_max;
  }
  void send(std::uint64_t epoch, SeqRange seqs) {
    answer(Fate::sends, epoch, seqs);
    const auto part = std::ranges::find_if(plan_.batches, [&](const auto& each) { return each.first == epoch; });
    (part == plan_.batches.end() ? plan_.batches.emplace_back(epoch, store::Ranges{}) : *part).second.add(seqs);
  }

  const BackfillRequest& request_;
  store::Reader& reader_;
  const std::string& destination_;
  UtcTime now_;
  std::vector<std::uint64_t> epochs_;
  store::DepartedLogs departed_;
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
  BackfillPlan plan_;
};

const std::vector<store::Departure>& Planner::departures_of(std::uint64_t epoch) const {
  static const std::vector<store::Departure> none;
  const auto log = departed_.find({epoch, request_.stream});
  return log == departed_.end() ? none : log->second.entries();
}

/// Of epochs that are gone first, then of the others, the oldest first: each batch that tells of the period, and what
/// left of those that did.
Status Planner::decide_period() {
  const auto touching = [this](std::uint64_t epoch) {
    store::Ranges seqs;
    for (const auto& entry : departures_of(epoch))
      if (entry.from < request_.until && entry.until >= request_.from) seqs.add(entry.range);
    return seqs;
  };
  std::vector<std::pair<std::uint64_t, store::Ranges>> wanted;
  for (const auto& [log, departures] : departed_)
    if (log.second == request_.stream && !std::ranges::count(epochs_, log.first))
      wanted.emplace_back(log.first, touching(log.first));
  for (const auto epoch : epochs_) {
    auto seqs = touching(epoch);
    const auto found = reader_.find(epoch, request_.stream, request_.from, request_.until);
    if (!found)  // a wrecked file is answered for as a whole, and costs the others nothing
      seqs.add({1, std::max<std::uint64_t>(1, last_known(epoch))});
    else if (*found)
      seqs.add(**found);
    wanted.emplace_back(epoch, std::move(seqs));
  }
  for (const auto& [epoch, seqs] : wanted)
    for (const auto& range : seqs.ranges()) {
      if (plan_.answers.size() >= period_answers_max) {
        plan_.answers.push_back({.fate = Fate::ask_again, .from = request_.from, .until = request_.until});
        return {};
      }
      if (auto done = decide(epoch, range); !done) return done;
    }
  const auto past = std::min(request_.until, now_);
  if (plan_.answers.empty() && request_.from < past)
    plan_.answers.push_back({.fate = Fate::never_had, .from = request_.from, .until = past});
  if (now_ < request_.until)
    plan_.answers.push_back({.fate = Fate::not_yet, .from = std::max(request_.from, now_), .until = request_.until});
  return {};
}

Status Planner::decide(std::uint64_t epoch, SeqRange asked) {
  if (is_spent()) {
    answer(Fate::ask_again, epoch, asked);
  } else if (!std::ranges::count(epochs_, epoch)) {
    decide_gone_epoch(epoch, asked);
  } else {
    return decide_in_file(epoch, asked);
  }
  return {};
}

/// What of it was told to be damaged had not left when its file went.
void Planner::decide_gone_epoch(std::uint64_t epoch, SeqRange asked) {
  const bool is_known = std::ranges::any_of(departed_, [&](const auto& log) { return log.first.first == epoch; });
  const auto told = reader_.damage_told(epoch, request_.stream);
  const store::Ranges damaged = told ? *told : store::Ranges{};
  explain_by(epoch, asked, [&](SeqRange absent) {
    while (const auto sound = damaged.first_missing(absent)) {
      if (absent.first < sound->first) answer(Fate::unreadable, epoch, {absent.first, sound->first - 1});
      answer(Fate::never_had, epoch, *sound);
      if (sound->last == absent.last) return;
      absent.first = sound->last + 1;
    }
    answer(Fate::unreadable, epoch, absent);
  });
  if (!is_known) plan_.answers.back().is_epoch_unknown = plan_.answers.back().fate == Fate::never_had;
}

/// How far the log went, by what was confirmed, what left and what was told to be damaged.
std::uint64_t Planner::last_known(std::uint64_t epoch) const {
  std::uint64_t last = 0;
  const auto confirmed = reader_.acknowledged(destination_, epoch, request_.stream);
  if (confirmed && !confirmed->ranges().empty()) last = confirmed->ranges().back().last;
  const auto damaged = reader_.damage_told(epoch, request_.stream);
  if (damaged && !damaged->ranges().empty()) last = std::max(last, damaged->ranges().back().last);
  const auto& left = departures_of(epoch);
  return left.empty() ? last : std::max(last, left.back().range.last);
}

Status Planner::decide_in_file(std::uint64_t epoch, SeqRange asked) {
  const auto extent = reader_.extent(epoch, request_.stream);
  if (!extent) return answer(fate_after(extent.error()), epoch, asked), Status();
  const std::uint64_t end = std::max(*extent ? (*extent)->last : 0, last_known(epoch));
  std::uint64_t at = asked.first;  // all before is answered
  const std::uint64_t last = std::min(asked.last, end);
  while (at <= last) {
    if (is_spent()) return answer(Fate::ask_again, epoch, {at, asked.last}), Status();
    const auto rows = reader_.read(epoch, request_.stream, {at, last}, read_rows, read_bytes);
    if (!rows) {
      explain(epoch, {at, last}, fate_after(rows.error()));
      break;
    }
    std::size_t read = 0;
    store::Ranges sound;
    for (const auto& row : *rows) {
      read += row.bytes.size();
      sound.add({row.key.seq, row.key.seq});
    }
    rows_ += rows->size();
    bytes_ += read;
    const bool is_all = rows->size() < read_rows && read < read_bytes;
    const std::uint64_t looked_to = is_all ? last : rows->back().key.seq;
    for (const auto& range : sound.ranges()) {
      if (at < range.first) explain(epoch, {at, range.first - 1}, Fate::unreadable);
      send(epoch, range);
      at = range.last + 1;
    }
    if (at <= looked_to) explain(epoch, {at, looked_to}, Fate::unreadable);
    at = looked_to + 1;
  }
  if (asked.last > end)
    answer(epoch == epochs_.back() ? Fate::not_yet : Fate::never_had, epoch,
           {std::max(asked.first, end + 1), asked.last});
  return {};
}

/// Says of batches that are not there how they left; of what nobody knows, `otherwise`.
void Planner::explain(std::uint64_t epoch, SeqRange absent, Fate otherwise) {
  explain_by(epoch, absent, [&](SeqRange unknown) { answer(otherwise, epoch, unknown); });
}

/// The same, where `otherwise` answers for what nobody knows.
template <typename Answer>
void Planner::explain_by(std::uint64_t epoch, SeqRange absent, Answer otherwise) {
  for (const auto& entry : departures_of(epoch)) {
    const SeqRange both{std::max(absent.first, entry.range.first), std::min(absent.last, entry.range.last)};
    if (both.first > both.last) continue;
    if (absent.first < both.first) otherwise(SeqRange{absent.first, both.first - 1});
    answer(Fate::evicted, epoch, both);
    plan_.answers.back().left = entry;
    if (both.last == absent.last) return;
    absent.first = both.last + 1;
  }
  otherwise(absent);
}

std::string_view word_of(Fate fate) {
  switch (fate) {
    case Fate::sends:
      return "sends";
    case Fate::evicted:
      return "evicted";
    case Fate::never_had:
      return "never_had";
    case Fate::not_yet:
      return "not_yet";
    case Fate::unreadable:
      return "unreadable";
    case Fate::ask_again:
      return "ask_again";
  }
  assert(false && "a fate that does not exist");
  return {};
}

/// Reads come in pieces; neighbours with the same answer are told as one.
std::vector<BackfillAnswer> joined(const std::vector<BackfillAnswer>& answers) {
  std::vector<BackfillAnswer> all;
  for (const BackfillAnswer& next : answers) {
    const bool goes_on = !all.empty() && next.epoch && all.back().epoch == next.epoch && all.back().fate == next.fate &&
                         all.back().left == next.left && all.back().seqs.last + 1 == next.seqs.first;
    if (goes_on)
      all.back().seqs.last = next.seqs.last;
    else
      all.push_back(next);
  }
  return all;
}

}  // namespace

Result<BackfillRequest> backfill_request_of(const BackfillJson& json) {
  BackfillRequest request;
  const auto stream = json.find("stream");
  const auto known =
      stream != json.end() && stream->is_string() ? record::stream_of(stream->get<std::string>()) : std::nullopt;
  if (!known) return invalid_backfill("\"stream\" is none of event, interval, reading");
  request.stream = *known;
  const auto ranges = json.find("ranges");
  const auto period = json.find("period");
  if ((ranges == json.end()) == (period == json.end()))
    return invalid_backfill("it needs \"ranges\" or \"period\", one of them");
  if (ranges != json.end()) {
    if (auto read = read_ranges(*ranges, request); !read) return read.error();
    return request;
  }
  const auto from = period->is_object() ? time_in(*period, "from_ms") : std::nullopt;
  const auto until = period->is_object() ? time_in(*period, "to_ms") : std::nullopt;
  if (!from || !until || *from >= *until)
    return invalid_backfill("\"period\" has no \"from_ms\" and \"to_ms\": milliseconds since 1970, the earlier first");
  request.from = *from;
  request.until = *until;
  return request;
}

Result<BackfillPlan> plan_backfill(const BackfillRequest& request, store::Reader& reader,
                                   const std::string& destination, UtcTime now) {
  auto plan = Planner(request, reader, destination, now).plan();
  if (plan) plan->answers = joined(plan->answers);
  return plan;
}

std::string backfill_json(const BackfillRequest& request, const BackfillPlan& plan) {
  using Json = nlohmann::ordered_json;
  std::uint64_t batches = 0;
  for (const auto& part : plan.batches) batches += part.second.size();
  Json answers = Json::array();
  for (const BackfillAnswer& each : plan.answers) {
    Json json;
    if (each.epoch)
      json = {{"epoch", to_hex(*each.epoch)}, {"from", each.seqs.first}, {"to", each.seqs.last}};
    else
      json = {{"from_ms", each.from.time_since_epoch().count()}, {"to_ms", each.until.time_since_epoch().count()}};
    json["answer"] = word_of(each.fate);
    if (each.left) {
      json["why"] = name_of(each.left->why);
      json["at"] = format_utc(each.left->at);
    } else if (each.is_epoch_unknown) {
      json["why"] = "unknown_epoch";
    }
    answers.push_back(std::move(json));
  }
  return Json{{"stream", name_of(request.stream)}, {"batches", batches}, {"answers", std::move(answers)}}.dump();
}

}  // namespace jidian::command

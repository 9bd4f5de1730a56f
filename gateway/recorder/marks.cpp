#include "recorder/marks.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace jidian::recorder {
namespace {

using domain::Mark;
using domain::MarkRequest;
using domain::Note;

constexpr std::string_view mark_prefix = "mark/";
constexpr std::size_t note_lines = 8;

std::string in_ms(UtcTime time) {
  return std::to_string(time.time_since_epoch().count());
}

std::optional<UtcTime> time_in(std::string_view text) {
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return UtcTime{Millis{ms}};
}

/// One line each; what people say has no line breaks.
Note note_of(const Mark& mark) {
  return {std::string(mark_prefix) + mark.id, std::string(name_of(mark.as)) + "\n" + in_ms(mark.from) + "\n" +
                                                  (mark.until ? in_ms(*mark.until) : "-") + "\n" + in_ms(mark.told_at) +
                                                  "\n" + mark.subject + "\n" + mark.by + "\n" + mark.user + "\n" +
                                                  mark.reason + "\n"};
}

std::optional<Mark> mark_in(const Note& note) {
  const auto told = domain::lines_of<note_lines>(note);
  if (!told) return std::nullopt;
  const auto& lines = *told;
  const auto as = domain::mark_of(lines[0]);
  const auto from = time_in(lines[1]);
  const auto until = time_in(lines[2]);
  const auto told_at = time_in(lines[3]);
  if (!as || !from || !told_at || (!until && lines[2] != "-")) return std::nullopt;
  return Mark{note.name.substr(mark_prefix.size()),
              *as,
              std::string(lines[4]),
              *from,
              until,
              *told_at,
              std::string(lines[5]),
              std::string(lines[6]),
              std::string(lines[7])};
}

std::string seconds_since(UtcTime then, UtcTime now) {
  return std::to_string(std::max<std::int64_t>(0, std::chrono::floor<std::chrono::seconds>(now - then).count()));
}

/// `late_of`: the instant at which it should have been told.
void describe(domain::Event& event, const Mark& mark, const char* state, const MarkRequest& request, UtcTime late_of,
              UtcTime now) {
  event.time = now;
  event.kind = domain::EventKind::mark;
  event.subject = mark.subject;
  event.facts = {{"mark", std::string(name_of(mark.as))},
                 {"state", state},
                 {"id", mark.id},
                 {"from", format_utc(mark.from)},
                 {"until", mark.until && *mark.until > mark.from ? format_utc(*mark.until) : ""},
                 {"by", request.by},
                 {"user", request.user},
                 {"reason", request.reason},
                 {"told_at", format_utc(now)},
                 {"late_s", seconds_since(late_of, now)}};
  std::erase_if(event.facts, [](const auto& fact) { return fact.second.empty(); });
}

}  // namespace

void Marks::restore(const Note& note) {
  if (!note.name.starts_with(mark_prefix) || known_.size() >= marks_max) return;
  auto mark = mark_in(note);
  if (!mark) return;
  auto meters = meters_of(mark->subject);
  const auto place = std::ranges::upper_bound(known_, mark->told_at, {}, [](const Known& k) { return k.mark.told_at; });
  known_.insert(place, {std::move(*mark), std::move(meters)});
}

Result<std::vector<Note>> Marks::take(const MarkRequest& request, UtcTime now, domain::Event& event) {
  return request.ends.empty() ? begin(request, now, event) : end(request, now, event);
}

Result<std::vector<Note>> Marks::begin(const MarkRequest& request, UtcTime now, domain::Event& event) {
  Mark mark{free_id(now), request.as,   request.subject, request.from.value_or(now), request.until, now,
            request.by,   request.user, request.reason};
  if (mark.until && *mark.until <= mark.from)
    return Error{ErrorKind::invalid, "the mark would end at " + format_utc(*mark.until) + ", before it begins at " +
                                         format_utc(mark.from) + "; an end lies behind its beginning"};
  const bool is_over = mark.until && *mark.until <= now;
  if (!is_over && list(now).size() >= marks_max)
    return Error{ErrorKind::full, std::to_string(marks_max) +
                                      " marks are in force or ahead, more are not kept; end some of them with jidian "
                                      "mark --end (jidian marks lists them), or mark a facility or the whole site"};
  describe(event, mark, "told", request, mark.from, now);
  event.text = "Marked as " + std::string(name_of(mark.as)) + " by " + mark.by + " from " + format_utc(mark.from) +
               (mark.until ? " until " + format_utc(*mark.until) : std::string(", its end is open")) + ": " +
               mark.reason;
  std::vector<Note> notes;
  forget_over(now, notes);
  if (is_over) return notes;  // on record, and too late for any reading
  notes.push_back(note_of(mark));
  auto meters = meters_of(mark.subject);
  known_.push_back({std::move(mark), std::move(meters)});
  return notes;
}

Result<std::vector<Note>> Marks::end(const MarkRequest& request, UtcTime now, domain::Event& event) {
  const auto is_it = [&](const Known& known) {
    return known.mark.id == request.ends && (!known.mark.until || *known.mark.until > now);
  };
  const auto found = std::ranges::find_if(known_, is_it);
  if (found == known_.end())
    return Error{ErrorKind::not_found,
                 "no mark '" + request.ends + "' is in force or ahead; jidian marks lists those that are"};
  Mark& mark = found->mark;
  const UtcTime until = request.until.value_or(now);
  const bool is_withdrawn = !request.until && until <= mark.from;
  if (!is_withdrawn && until <= mark.from)
    return Error{ErrorKind::invalid, "the mark would end at " + format_utc(until) + ", before it begins at " +
                                         format_utc(mark.from) + "; without --until it is ended now"};
  mark.until = until;
  describe(event, mark, is_withdrawn ? "withdrawn" : "ended", request, until, now);
  event.text = "The mark as " + std::string(name_of(mark.as)) + " from " + format_utc(mark.from) +
               (is_withdrawn ? " was withdrawn by " + request.by + " before it began"
                             : " ends at " + format_utc(until) + ", says " + request.by) +
               (request.reason.empty() ? "." : ": " + request.reason);
  std::vector<Note> notes;
  if (until > now) notes.push_back(note_of(mark));
  forget_over(now, notes);
  return notes;
}

void Marks::forget_over(UtcTime now, std::vector<Note>& notes) {
  const auto is_over = [now](const Known& known) { return known.mark.until && *known.mark.until <= now; };
  for (const Known& known : known_)
    if (is_over(known)) notes.push_back({std::string(mark_prefix) + known.mark.id, {}});
  std::erase_if(known_, is_over);
}

void Marks::apply(domain::Poll& poll) const {
  std::optional<domain::Quality> as;
  for (const Known& known : known_)
    if (known.meters[poll.meter] && is_under(known.mark, poll.start)) as = known.mark.as;
  if (!as) return;
  for (domain::Sample& sample : poll.samples)
    if (sample.quality == domain::Quality::ok) sample.quality = *as;
}

std::vector<Mark> Marks::list(UtcTime now) const {
  std::vector<Mark> all;
  for (const Known& known : known_)
    if (!known.mark.until || *known.mark.until > now) all.push_back(known.mark);
  return all;
}

/// The second in which it was told, as 260301-081500, and a number behind it if that is taken.
std::string Marks::free_id(UtcTime now) const {
  std::string stamp;
  for (const char letter : format_utc(now).substr(2, 17))
    if (letter == 'T')
      stamp += '-';
    else if (letter >= '0' && letter <= '9')
      stamp += letter;
  std::string id = stamp;
  const auto is_taken = [&id](const Known& known) { return known.mark.id == id; };
  for (int n = 2; std::ranges::any_of(known_, is_taken); ++n) id = stamp + "-" + std::to_string(n);
  return id;
}

std::vector<bool> Marks::meters_of(std::string_view subject) const {
  std::vector<bool> meters;
  for (const auto& meter : manifest_.meters) {
    const auto has_it = [&](const domain::FacilityEntry& facility) {
      return facility.id == subject && std::ranges::find(facility.meters, meter.id) != facility.meters.end();
    };
    meters.push_back(subject.empty() || meter.id == subject || std::ranges::any_of(manifest_.facilities, has_it));
  }
  return meters;
}

}  // namespace jidian::recorder

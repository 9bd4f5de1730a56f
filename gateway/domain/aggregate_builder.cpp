#include "domain/aggregate_builder.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "domain/slots.hpp"

namespace jidian::domain {
namespace {

constexpr std::string_view note_prefix = "month-peak.";
/// An account may be called "site".
constexpr std::string_view site_note = "site-month-peak";
/// Likewise of the month that was in force before. Notes of their own: releases that know of one month read theirs.
constexpr std::string_view other_prefix = "month-peak-other.";
constexpr std::string_view other_site_note = "site-month-peak-other";

Note peak_note(std::string name, const Peak& peak) {
  return {std::move(name), std::to_string(peak.value) + ' ' + std::to_string(peak.until.time_since_epoch().count())};
}

/// Two numbers with a blank between them.
std::optional<Peak> parse_peak(std::string_view text) {
  std::int64_t value = 0;
  std::int64_t until_ms = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, value);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, until_ms);
  if (second.ec != std::errc{} || second.ptr != end) return std::nullopt;
  if (until_ms <= 0 || until_ms > std::int64_t{1} << 50) return std::nullopt;
  return Peak{value, UtcTime{Millis{until_ms}}};
}

}  // namespace

AggregateBuilder::AggregateBuilder(const Manifest& manifest)
    : manifest_(manifest), steps_(manifest), frontiers_(manifest.meters.size()) {
  for (std::size_t i = 0; i < manifest.facilities.size(); ++i)
    subjects_.emplace_back(manifest, Subject{SubjectKind::facility, static_cast<std::uint16_t>(i)});
  for (std::size_t i = 0; i < manifest.site.accounts.size(); ++i)
    if (!manifest.site.accounts[i].amounts.empty())
      subjects_.emplace_back(manifest, Subject{SubjectKind::account, static_cast<std::uint16_t>(i)});
  if (!manifest.site.amounts.empty()) subjects_.emplace_back(manifest, Subject{SubjectKind::site, 0});
}

SubjectRows* AggregateBuilder::find(Subject subject) {
  const auto found = std::ranges::find(subjects_, subject, &SubjectRows::subject);
  return found == subjects_.end() ? nullptr : &*found;
}

void AggregateBuilder::note_frontier(const IntervalRow& row) {
  const auto length = std::ranges::find(SubjectRows::lengths, row.length);
  if (length == SubjectRows::lengths.end()) return;
  frontiers_[row.meter].until[static_cast<std::size_t>(length - SubjectRows::lengths.begin())] = row.start + row.length;
}

void AggregateBuilder::restore(const IntervalRow& row) {
  note_frontier(row);
  steps_.learn(row);
  for (SubjectRows& subject : subjects_) subject.add(row, steps_);
}

void AggregateBuilder::restore(const AggregateRow& row) {
  if (SubjectRows* subject = find(row.subject)) subject->restore(row);
}

void AggregateBuilder::restore_sums(const AggregateRow& row) {
  if (SubjectRows* subject = find(row.subject)) subject->restore_sums(row);
}

void AggregateBuilder::restore(const Note& note) {
  const bool is_of_account = note.name.starts_with(note_prefix) || note.name.starts_with(other_prefix);
  if (!is_of_account && note.name != site_note && note.name != other_site_note) return;
  const auto peak = parse_peak(note.text);
  for (SubjectRows& subject : subjects_) {
    if (!peak || subject.subject().kind == SubjectKind::facility) continue;
    const NoteNames names = note_names(subject.subject());
    if (note.name == names.present || note.name == names.other) subject.restore_month_peak(*peak);
  }
}

void AggregateBuilder::end_recall(Rows& rows) {
  if (!is_recalling_) return;
  is_recalling_ = false;
  for (SubjectRows& subject : subjects_) subject.end_recall(rows);
}

void AggregateBuilder::add(const IntervalRow& row, Rows& rows) {
  end_recall(rows);
  note_frontier(row);
  steps_.learn(row);
  for (SubjectRows& subject : subjects_) {
    if (!std::ranges::binary_search(subject.meters(), row.meter)) continue;
    subject.add(row, steps_);
    subject.tell(frontiers_, UtcTime::min(), rows);
  }
}

void AggregateBuilder::resume(MeterIndex meter, UtcTime now) {
  for (std::size_t i = 0; i < SubjectRows::lengths.size(); ++i) {
    auto& until = frontiers_[meter].until[i];
    const UtcTime start = align(now, SubjectRows::lengths[i]);
    if (until && *until == start + SubjectRows::lengths[i]) until = start;
  }
}

void AggregateBuilder::add(const Stretch& stretch) {
  if (SubjectRows* subject = find({SubjectKind::facility, stretch.facility})) subject->add(stretch);
}

void AggregateBuilder::close_overdue(UtcTime now, Rows& rows) {
  end_recall(rows);
  for (SubjectRows& subject : subjects_) subject.tell(frontiers_, now, rows);
}

void AggregateBuilder::skip_to(UtcTime now, Rows& rows) {
  end_recall(rows);
  for (SubjectRows& subject : subjects_) subject.skip_to(now, rows);
  for (RowFrontier& frontier : frontiers_)
    for (std::size_t i = 0; i < SubjectRows::lengths.size(); ++i)
      if (frontier.until[i] && *frontier.until[i] > align(now, SubjectRows::lengths[i]))
        frontier.until[i] = align(now, SubjectRows::lengths[i]);
}

std::vector<DemandNow> AggregateBuilder::demands() const {
  std::vector<DemandNow> demands;
  for (const SubjectRows& subject : subjects_)
    if (subject.subject().kind != SubjectKind::facility) demands.push_back(subject.demand());
  return demands;
}

AggregateBuilder::NoteNames AggregateBuilder::note_names(Subject subject) const {
  if (subject.kind == SubjectKind::site) return {std::string(site_note), std::string(other_site_note)};
  const std::string id(id_of(manifest_, subject));
  return {std::string(note_prefix) + id, std::string(other_prefix) + id};
}

std::vector<Note> AggregateBuilder::take_notes() {
  std::vector<Note> notes;
  for (SubjectRows& subject : subjects_) {
    const auto peaks = subject.take_month_peaks();
    if (!peaks) continue;
    NoteNames names = note_names(subject.subject());
    if (peaks->present) notes.push_back(peak_note(std::move(names.present), *peaks->present));
    if (peaks->other) notes.push_back(peak_note(std::move(names.other), *peaks->other));
  }
  return notes;
}

}  // namespace jidian::domain

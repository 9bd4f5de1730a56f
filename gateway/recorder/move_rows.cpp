#include <algorithm>

#include "recorder/read_back.hpp"

namespace jidian::recorder {
namespace {

using domain::Subject;
using domain::SubjectKind;

template <typename Things>
std::optional<std::uint16_t> position_of(std::string_view id, const Things& things) {
  const auto found = std::ranges::find_if(things, [&](const auto& thing) { return thing.id == id; });
  if (found == things.end()) return std::nullopt;
  return static_cast<std::uint16_t>(found - things.begin());
}

std::optional<Subject> move_subject(Subject subject, const domain::Manifest& from, const domain::Manifest& to) {
  std::optional<std::uint16_t> index = 0;
  if (subject.kind == SubjectKind::facility) index = position_of(domain::id_of(from, subject), to.facilities);
  if (subject.kind == SubjectKind::account) index = position_of(domain::id_of(from, subject), to.site.accounts);
  if (!index) return std::nullopt;
  return Subject{subject.kind, *index};
}

/// A shift that begins or ends at another time is another shift.
std::optional<std::uint16_t> move_shift(std::uint16_t shift, const domain::Manifest& from, const domain::Manifest& to) {
  if (shift == 0) return shift;
  const auto found = std::ranges::find(to.site.shifts, from.site.shifts[shift - 1U]);
  if (found == to.site.shifts.end()) return std::nullopt;
  return static_cast<std::uint16_t>(found - to.site.shifts.begin() + 1);
}

}  // namespace

std::optional<domain::AggregateRow> move_row(const domain::AggregateRow& row, const domain::Manifest& from,
                                             const domain::Manifest& to) {
  const auto subject = move_subject(row.subject, from, to);
  const auto shift = move_shift(row.shift, from, to);
  if (!subject || !shift) return std::nullopt;
  const auto before = *domain::amounts_of(from, row.subject);
  const auto after = *domain::amounts_of(to, *subject);
  domain::AggregateRow moved = row;
  moved.subject = *subject;
  moved.shift = *shift;
  moved.amounts.assign(after.size(), {0, true, false});
  for (std::size_t i = 0; i < after.size(); ++i) {
    const auto found = std::ranges::find_if(before, [&](const domain::Amount& amount) {
      return amount.name == after[i].name && amount.unit == after[i].unit && amount.exponent == after[i].exponent;
    });
    if (found != before.end()) moved.amounts[i] = row.amounts[static_cast<std::size_t>(found - before.begin())];
  }
  return moved;
}

}  // namespace jidian::recorder

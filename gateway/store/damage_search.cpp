#include "store/damage_search.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "store/layout.hpp"

namespace jidian::store {
namespace {

constexpr std::uint64_t exact_damaged = 4096;
constexpr std::uint64_t exact_refused = 16;

/// Looks at single rows, with all of their bytes.
class Looks {
 public:
  Looks(Statement row, Statement behind) : row_(std::move(row)), behind_(std::move(behind)) {}

  /// Whether the row is there and cannot be read. One that left looks the same where its page is damaged.
  bool is_bad(std::uint64_t seq) { return fails(row_, seq); }
  /// Whether reading goes on from here, to a row or to the end of the log.
  bool goes_on(std::uint64_t seq) { return !fails(behind_, seq); }
  /// A failure that says nothing of the rows.
  const std::optional<Error>& other() const { return other_; }

 private:
  bool fails(Statement& statement, std::uint64_t seq) {
    if (other_) return false;
    const Cursor cursor(statement.bind(seq));
    const auto row = statement.next();
    if (row) return false;
    const ErrorKind kind = row.error().kind();
    if (kind == ErrorKind::corrupt || kind == ErrorKind::io) return true;
    other_ = row.error();
    return false;
  }

  Statement row_;
  Statement behind_;
  std::optional<Error> other_;
};

/// Reading from `bad` on fails. Up to `exact` rows are looked at one by one, then ever wider steps are made.
std::optional<std::uint64_t> find_sound(Looks& looks, std::uint64_t bad, std::uint64_t exact) {
  for (std::uint64_t i = 0; i < exact && bad < seq_max; ++i, ++bad)
    if (looks.goes_on(bad + 1)) return bad + 1;
  for (std::uint64_t step = 1; bad < seq_max; step *= 2) {
    std::uint64_t sound = bad + std::min(step, seq_max - bad);
    if (!looks.goes_on(sound)) {
      bad = sound;
      continue;
    }
    while (sound - bad > 1) {
      const std::uint64_t middle = bad + (sound - bad) / 2;
      (looks.goes_on(middle) ? sound : bad) = middle;
    }
    return sound;
  }
  return std::nullopt;
}

}  // namespace

Result<Unreadable> search_damage(Db& db, record::Stream stream, std::uint64_t at,
                                 std::optional<std::uint64_t> known_end, bool refused) {
  const std::string table = table_of(stream);
  auto row = db.prepare("SELECT bytes FROM " + table + " WHERE seq=?1");
  if (!row) return row.error();
  auto behind = db.prepare("SELECT bytes FROM " + table + " WHERE seq>=?1 ORDER BY seq LIMIT 1");
  if (!behind) return behind.error();
  Looks looks(std::move(*row), std::move(*behind));
  const std::uint64_t exact = refused ? exact_refused : exact_damaged;

  // What was asked for may have left long ago: if the row tells its seq, and only its bytes cannot be read, it is
  // known.
  const auto head =
      db.number("SELECT seq FROM " + table + " WHERE seq>=" + std::to_string(at) + " ORDER BY seq LIMIT 1");
  std::uint64_t first = head ? static_cast<std::uint64_t>(*head) : at;
  Unreadable found{{first, first}, std::nullopt};
  for (std::uint64_t i = 0; i < exact && found.rows.first > 1 && looks.is_bad(found.rows.first - 1); ++i)
    --found.rows.first;

  if (known_end && *known_end >= first) first = *known_end;
  const bool is_known = first < seq_max && looks.goes_on(first + 1);
  if (first < seq_max) found.goes_on = is_known ? std::optional(first + 1) : find_sound(looks, first, exact);
  if (looks.other()) return *looks.other();
  if (found.goes_on)
    found.rows.last = *found.goes_on - 1;
  else
    found.rows.last = refused ? found.rows.last : seq_max;
  return found;
}

}  // namespace jidian::store

#include "store/retention.hpp"

#include <array>

#include "fixture.hpp"
#include "store/layout.hpp"

namespace jidian::store {
namespace {

using namespace std::chrono_literals;
using record::Stream;

Ranges ranges_of(const char* text) {
  return Ranges::from_text(text).value();
}

TEST(HeldBy, AgreesWithCountingForEverySmallCase) {
  constexpr unsigned cases = 16;  // every set of the seqs 1…4, as bits
  std::vector<Ranges> sets(cases);
  for (unsigned bits = 0; bits < cases; ++bits)
    for (std::uint64_t seq = 1; seq <= 4; ++seq)
      if ((bits >> (seq - 1) & 1U) != 0) sets[bits].add({seq, seq});
  for (unsigned a = 0; a < cases; ++a)
    for (unsigned b = 0; b < cases; ++b)
      for (unsigned c = 0; c < cases; ++c) {
        const std::vector<Ranges> holders{sets[a], sets[b], sets[c]};
        const std::array<unsigned, 3> held{a | b | c, (a & b) | (a & c) | (b & c), a & b & c};
        for (std::size_t count = 1; count <= held.size(); ++count)
          ASSERT_EQ(held_by(holders, count), sets[held[count - 1]]) << a << ' ' << b << ' ' << c << ' ' << count;
      }
}

TEST(HeldBy, NobodyNeedsToHaveWhatNobodyTakes) {
  EXPECT_EQ(held_by({}, 0), ranges_of("1-9223372036854775807"));
  EXPECT_EQ(held_by({ranges_of("1-4")}, 2), Ranges{});
}

Eviction eviction_of(std::uint64_t first, std::uint64_t last, std::vector<std::string> unconfirmed) {
  return {Stream::reading,       1,
          {first, last},         after(first * 10s),
          after(last * 10s),     Hash{static_cast<std::uint8_t>(last)},
          std::move(unconfirmed)};
}

TEST(Ledger, EntryThatContinuesAnotherIsJoinedToIt) {
  std::vector<Eviction> ledger;
  enter(ledger, eviction_of(1, 4, {"a"}));
  enter(ledger, eviction_of(5, 9, {"a", "b"}));
  ASSERT_EQ(ledger.size(), 1U);
  EXPECT_EQ(ledger[0].range, (SeqRange{1, 9}));
  EXPECT_EQ(ledger[0].from, after(10s));
  EXPECT_EQ(ledger[0].until, after(90s));
  EXPECT_EQ(ledger[0].anchor[0], 9);
  EXPECT_EQ(ledger[0].unconfirmed, (std::vector<std::string>{"a", "b"}));
}

TEST(Ledger, StaysShortHoweverScatteredTheEvictions) {
  std::vector<Eviction> ledger;
  for (std::uint64_t seq = 1; seq < 1000; seq += 2) enter(ledger, eviction_of(seq, seq, {"a"}));
  EXPECT_EQ(ledger.size(), ledger_entries_max);
  EXPECT_EQ(ledger.back().range.last, 999U);
}

TEST(Budget, PartsNeverExceedTheQuota) {
  for (std::uint64_t quota = 1 << 20; quota <= 1ULL << 36; quota *= 2)
    for (const std::uint64_t old : {std::uint64_t{0}, quota / 8, quota / 2, quota - quota / 8}) {
      const Budget budget = Budget::of(quota, old);
      const std::uint64_t parts = budget.reserve_bytes + 2 * budget.log_frames_max * page_bytes;
      if (quota - old > parts + (1 << 18)) {
        EXPECT_LE(budget.file_pages_max * page_bytes + parts + old, quota) << quota << ' ' << old;
      }
      EXPECT_GE(budget.file_pages_max, Budget::file_pages_min);
    }
}

}  // namespace
}  // namespace jidian::store

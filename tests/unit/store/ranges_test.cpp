#include "store/ranges.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

namespace jidian::store {
namespace {

constexpr std::uint64_t seq_max = 6;

/// Every range inside 1…seq_max.
std::vector<SeqRange> all_ranges() {
  std::vector<SeqRange> all;
  for (std::uint64_t first = 1; first <= seq_max; ++first)
    for (std::uint64_t last = first; last <= seq_max; ++last) all.push_back({first, last});
  return all;
}

/// The set whose members are the bits of `members`.
std::set<std::uint64_t> set_of(unsigned members) {
  std::set<std::uint64_t> set;
  for (std::uint64_t seq = 1; seq <= seq_max; ++seq)
    if ((members >> (seq - 1) & 1U) != 0) set.insert(seq);
  return set;
}

Ranges ranges_of(const std::set<std::uint64_t>& set) {
  Ranges ranges;
  for (const std::uint64_t seq : set) ranges.add({seq, seq});
  return ranges;
}

void expect_same(const Ranges& ranges, const std::set<std::uint64_t>& set) {
  EXPECT_EQ(ranges.size(), set.size());
  for (std::uint64_t seq = 1; seq <= seq_max + 1; ++seq) ASSERT_EQ(ranges.contains(seq), set.contains(seq)) << seq;
  for (std::size_t i = 1; i < ranges.ranges().size(); ++i)
    ASSERT_GT(ranges.ranges()[i].first, ranges.ranges()[i - 1].last + 1) << ranges.to_text();
}

TEST(Ranges, AddIsUnionForEverySetAndRange) {
  for (unsigned members = 0; members < 1U << seq_max; ++members)
    for (const SeqRange added : all_ranges()) {
      std::set<std::uint64_t> set = set_of(members);
      Ranges ranges = ranges_of(set);
      ranges.add(added);
      for (std::uint64_t seq = added.first; seq <= added.last; ++seq) set.insert(seq);
      expect_same(ranges, set);
    }
}

TEST(Ranges, RemoveIsDifferenceForEverySetAndRange) {
  for (unsigned members = 0; members < 1U << seq_max; ++members)
    for (const SeqRange removed : all_ranges()) {
      std::set<std::uint64_t> set = set_of(members);
      Ranges ranges = ranges_of(set);
      ranges.remove(removed);
      for (std::uint64_t seq = removed.first; seq <= removed.last; ++seq) set.erase(seq);
      expect_same(ranges, set);
    }
}

TEST(Ranges, FirstMissingAgreesWithASearchOfTheSet) {
  for (unsigned members = 0; members < 1U << seq_max; ++members)
    for (const SeqRange within : all_ranges()) {
      const std::set<std::uint64_t> set = set_of(members);
      std::uint64_t first = within.first;
      while (first <= within.last && set.contains(first)) ++first;
      std::optional<SeqRange> expected;
      if (first <= within.last) {
        std::uint64_t last = first;
        while (last < within.last && !set.contains(last + 1)) ++last;
        expected = SeqRange{first, last};
      }
      ASSERT_EQ(ranges_of(set).first_missing(within), expected) << members << ' ' << within.first << '-' << within.last;
    }
}

TEST(Ranges, EverySetSurvivesItsText) {
  for (unsigned members = 0; members < 1U << seq_max; ++members) {
    const Ranges ranges = ranges_of(set_of(members));
    const auto read = Ranges::from_text(ranges.to_text());
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, ranges);
  }
}

TEST(Ranges, TextIsReadable) {
  Ranges ranges;
  ranges.add({42, 43});
  ranges.add({1, 40});
  ranges.add({50, 50});
  EXPECT_EQ(ranges.to_text(), "1-40,42-43,50-50");
  EXPECT_EQ(Ranges{}.to_text(), "");
}

TEST(Ranges, TextThatIsNotCanonicalIsCorrupt) {
  for (const char* text : {"1", "-", "1-", "-1", "0-1", "2-1", "1-2,", ",1-2", "1-2,3-4", "1-2,2-3", "5-6,1-2", "1-2 ",
                           "1-2;4-5", "a-b", "1-99999999999999999999", "+1-2"})
    EXPECT_FALSE(Ranges::from_text(text)) << text;
}

TEST(Ranges, LastPossibleSeqDoesNotWrap) {
  constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  Ranges ranges;
  ranges.add({last - 1, last});
  ranges.add({last, last});
  ranges.add({1, 1});
  EXPECT_EQ(ranges.ranges(), (std::vector<SeqRange>{{1, 1}, {last - 1, last}}));
  EXPECT_EQ(ranges.first_missing({1, last}), (SeqRange{2, last - 2}));
  EXPECT_EQ(ranges.first_missing({last, last}), std::nullopt);
}

}  // namespace
}  // namespace jidian::store

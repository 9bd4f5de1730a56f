#include "boot/state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace jidian::boot {
namespace {

State some_state() {
  State state;
  state.generation = 0x1f;
  state.first = Slot::b;
  state.of(Slot::a) = {3, true};
  state.of(Slot::b) = {2, false};
  return state;
}

Copy with_text(const std::string& text) {
  // A block whose check sum is right, whatever it says: what another program might have written.
  Copy copy{};
  std::copy(text.begin(), text.end(), copy.begin() + 4);
  std::uint32_t crc = ~0U;
  for (std::size_t at = 4; at < copy.size(); ++at) {
    crc ^= copy.at(at);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  crc = ~crc;
  for (std::size_t byte = 0; byte < 4; ++byte) copy.at(byte) = static_cast<std::uint8_t>(crc >> (8 * byte));
  return copy;
}

std::string fields(const std::string& generation, const std::string& order, const std::string& left,
                   const std::string& ok) {
  const std::string nul(1, '\0');
  return "generation=" + generation + nul + "order=" + order + nul + "a_left=" + left + nul + "a_ok=" + ok + nul +
         "b_left=0" + nul + "b_ok=0" + nul;
}

TEST(BootState, WhatIsEncodedIsReadBack) {
  const auto read = decode(encode(some_state()));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, some_state());
}

TEST(BootState, IsAnEnvironmentBlockOfUBoot) {
  const Copy copy = encode(some_state());
  const std::string text(copy.begin() + 4, copy.end());
  const std::string nul(1, '\0');
  EXPECT_EQ(text.substr(0, text.find(nul + nul)), "generation=1f" + nul + "order=b a" + nul + "a_left=3" + nul +
                                                      "a_ok=1" + nul + "b_left=2" + nul + "b_ok=0");
  // zlib.crc32 of those 4092 bytes is 0x662c9ed3; the little end comes first.
  EXPECT_THAT(std::span(copy).first(4), testing::ElementsAre(0xd3, 0x9e, 0x2c, 0x66));
}

TEST(BootState, DamageToAnyByteIsNoticed) {
  const Copy whole = encode(some_state());
  for (std::size_t at = 0; at < copy_bytes; ++at) {
    Copy damaged = whole;
    damaged.at(at) ^= static_cast<std::uint8_t>(1U << at % 8);
    ASSERT_FALSE(decode(damaged)) << "byte " << at;
  }
}

TEST(BootState, ACutOrBlankCopyIsNone) {
  const Copy whole = encode(some_state());
  EXPECT_FALSE(decode(std::span(whole).first(copy_bytes - 1)));
  EXPECT_FALSE(decode({}));
  EXPECT_FALSE(decode(Copy{}));
  Copy erased;
  erased.fill(0xff);
  EXPECT_FALSE(decode(erased));
}

TEST(BootState, NonsenseWithARightCheckSumIsNone) {
  EXPECT_TRUE(decode(with_text(fields("1", "a b", "8", "1"))));
  EXPECT_FALSE(decode(with_text(fields("x", "a b", "3", "1"))));
  EXPECT_FALSE(decode(with_text(fields("", "a b", "3", "1"))));
  EXPECT_FALSE(decode(with_text(fields("1 ", "a b", "3", "1"))));
  EXPECT_FALSE(decode(with_text(fields("1", "a a", "3", "1"))));
  EXPECT_FALSE(decode(with_text(fields("1", "a b", "9", "1"))));
  EXPECT_FALSE(decode(with_text(fields("1", "a b", "-1", "1"))));
  EXPECT_FALSE(decode(with_text(fields("1", "a b", "3", "2"))));
  EXPECT_FALSE(decode(with_text("generation=1")));
}

TEST(BootState, TheGreaterGenerationRulesAndTheOtherCopyIsSpare) {
  State older = some_state();
  State newer = older;
  newer.generation = older.generation + 1;
  EXPECT_EQ(weigh(older, newer).state, newer);
  EXPECT_EQ(weigh(older, newer).spare, 0U);
  EXPECT_EQ(weigh(newer, older).state, newer);
  EXPECT_EQ(weigh(newer, older).spare, 1U);
}

TEST(BootState, TheOnlyCopyRulesHoweverOld) {
  const Error broken{ErrorKind::corrupt, "broken"};
  EXPECT_EQ(weigh(some_state(), broken).state, some_state());
  EXPECT_EQ(weigh(some_state(), broken).spare, 1U);
  EXPECT_EQ(weigh(broken, some_state()).spare, 0U);
}

TEST(BootState, WithoutACopyBothSlotsAreTriedAFirst) {
  const Error broken{ErrorKind::corrupt, "broken"};
  const Ruling ruling = weigh(broken, broken);
  EXPECT_FALSE(ruling.found);
  EXPECT_EQ(next_slot(ruling.state), Slot::a);
  EXPECT_EQ(ruling.state.of(Slot::a).left, tries_on_trial);
  EXPECT_EQ(ruling.state.of(Slot::b).left, tries_on_trial);
}

TEST(BootState, TheFirstInOrderWithTriesLeftIsNext) {
  State state = some_state();
  EXPECT_EQ(next_slot(state), Slot::b);
  state.of(Slot::b).left = 0;
  EXPECT_EQ(next_slot(state), Slot::a);
  state.of(Slot::a).left = 0;
  EXPECT_EQ(next_slot(state), Slot::b);
}

TEST(BootState, ANewPrimaryHasItsTriesAndStillHasToProveItself) {
  State state;
  set_good(state, Slot::a, true);
  set_good(state, Slot::b, false);
  EXPECT_EQ(next_slot(state), Slot::a);
  set_primary(state, Slot::b);
  EXPECT_EQ(next_slot(state), Slot::b);
  EXPECT_EQ(state.of(Slot::b), (SlotState{3, false}));
  EXPECT_EQ(state.of(Slot::a), (SlotState{8, true}));
}

TEST(BootState, ThreePowerCutsDoNotSendABoxToItsOlderSystem) {
  State state;
  set_good(state, Slot::a, true);
  set_primary(state, Slot::b);
  set_good(state, Slot::b, true);
  state.of(Slot::b).left -= 3;
  EXPECT_EQ(next_slot(state), Slot::b);
  state.of(Slot::b).left -= tries_when_good - 3;
  EXPECT_EQ(next_slot(state), Slot::a) << "a good slot that broke is left some time";
}

TEST(BootState, TheWayBackToAGoodSystemHasTheTriesOfAGoodOne) {
  State state;
  set_good(state, Slot::a, true);
  state.of(Slot::a).left = 1;
  set_good(state, Slot::b, false);
  set_primary(state, Slot::a);
  EXPECT_EQ(state.of(Slot::a), (SlotState{8, true}));
}

}  // namespace
}  // namespace jidian::boot

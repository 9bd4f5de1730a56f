#include "modbus/rtu_frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modbus/identity_frame.hpp"

namespace jidian::modbus {
namespace {

using acquire::FrameKind;
using testing::ElementsAre;

const Bytes request = with_crc(Bytes{4, 3, 0, 0x10, 0, 2});
const Bytes reply = with_crc(Bytes{4, 3, 4, 1, 2, 3, 4});

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::vector<std::pair<std::size_t, bool>> lengths(const Bytes& run) {
  std::vector<std::pair<std::size_t, bool>> said;
  for (const Piece& piece : split_run(run)) said.emplace_back(piece.bytes.size(), piece.valid);
  return said;
}

TEST(RtuFrame, TheChecksumIsThatOfTheSpecification) {
  // The well-known frame 02 07 41 12 (Modbus over serial line 1.02, appendix B).
  EXPECT_THAT(with_crc(Bytes{2, 7}), ElementsAre(2, 7, 0x41, 0x12));
  EXPECT_TRUE(has_good_crc(Bytes{2, 7, 0x41, 0x12}));
  EXPECT_FALSE(has_good_crc(Bytes{2, 7, 0x41, 0x13}));
  EXPECT_FALSE(has_good_crc(Bytes{0x41}));
}

TEST(RtuFrame, ARunIsSplitIntoFramesAndNoise) {
  EXPECT_THAT(lengths(request), ElementsAre(std::pair{8U, true}));
  EXPECT_THAT(lengths(request + reply), ElementsAre(std::pair{8U, true}, std::pair{9U, true}));
  EXPECT_THAT(lengths(Bytes{0, 0xFF} + reply + Bytes{0}),
              ElementsAre(std::pair{2U, false}, std::pair{9U, true}, std::pair{1U, false}));
  EXPECT_THAT(lengths(Bytes(40, 0x55)), ElementsAre(std::pair{40U, false}));
  EXPECT_THAT(lengths({}), ElementsAre());
  Bytes torn = reply;
  torn.pop_back();
  EXPECT_THAT(lengths(torn), ElementsAre(std::pair{8U, false}));
}

TEST(RtuFrame, AnotherMastersWritesAreSeen) {
  const Bytes write_one = with_crc(Bytes{9, 6, 0, 1, 0, 3});
  const Bytes write_many = with_crc(Bytes{9, 16, 0, 1, 0, 2, 4, 0, 10, 1, 2});
  EXPECT_THAT(lengths(write_one + write_many), ElementsAre(std::pair{8U, true}, std::pair{13U, true}));
}

TEST(RtuFrame, AFrameIsKnownByTheRequestBeforeIt) {
  EXPECT_EQ(kind_of(request, request), FrameKind::echo);
  EXPECT_EQ(kind_of(reply, request), FrameKind::late);
  EXPECT_EQ(kind_of(with_crc(Bytes{4, 0x83, 2}), request), FrameKind::late);
  EXPECT_EQ(kind_of(with_crc(Bytes{5, 3, 2, 0, 1}), request), FrameKind::foreign);
  EXPECT_EQ(kind_of(reply, {}), FrameKind::foreign);
}

TEST(RtuFrame, WhatMayBeARequestHasTheLengthOfOne) {
  for (const Bytes& asked : std::vector<Bytes>{{1, 3, 0, 0, 0, 2},
                                               {1, 6, 0, 0, 0, 2},
                                               {1, 16, 0, 0, 0, 1, 2, 0, 9},
                                               {1, 17},
                                               {1, 43, 14, 1, 0},
                                               {1, 8, 0, 0, 1, 2}})
    EXPECT_TRUE(may_be_request(with_crc(asked))) << to_hex(asked);
  for (const Bytes& told : std::vector<Bytes>{
           {1, 3, 4, 0, 0, 0, 2}, {1, 0x83, 2}, {1, 16, 0, 0, 0, 1}, {1, 17, 2, 9, 0xFF}, {1, 1, 1, 0}, {1, 0x88, 1}})
    EXPECT_FALSE(may_be_request(with_crc(told))) << to_hex(told);
}

TEST(IdentityFrame, ObjectsAreCollectedOverSeveralReplies) {
  const auto ask = [](std::uint8_t object) -> Result<Bytes> {
    if (object == 0) return Bytes{1, 43, 14, 1, 1, 0xFF, 2, 2, 0, 2, 'A', 'B', 1, 1, 'C'};
    return Bytes{1, 43, 14, 1, 1, 0, 0, 1, 2, 3, '1', '.', '0'};
  };
  const auto objects = read_identification(ask, 1);
  ASSERT_TRUE(objects);
  EXPECT_THAT(*objects, ElementsAre(std::pair{0, "AB"}, std::pair{1, "C"}, std::pair{2, "1.0"}));
}

TEST(IdentityFrame, ALyingMeterIsCorruptAndAnEndlessOneEnds) {
  const auto say = [](Bytes said) { return [said](std::uint8_t) -> Result<Bytes> { return said; }; };
  EXPECT_FALSE(read_identification(say({1, 43, 14, 1, 1, 0, 0, 1, 0, 9, 'A'}), 1));
  EXPECT_FALSE(read_identification(say({1, 43, 14, 1, 1, 0, 0, 0, 7}), 1));
  EXPECT_FALSE(read_identification(say({2, 43, 14, 1, 1, 0, 0, 0}), 1));
  int asked = 0;
  const auto endless = [&](std::uint8_t object) -> Result<Bytes> {
    ++asked;
    return Bytes{1, 43, 14, 1, 1, 0xFF, static_cast<std::uint8_t>(object + 1), 1, object, 1, 'x'};
  };
  EXPECT_TRUE(read_identification(endless, 1));
  EXPECT_EQ(asked, 8);
}

TEST(IdentityFrame, TheServerIdIsWhatFollowsTheByteCount) {
  const auto id = decode_server_id(7, Bytes{7, 17, 3, 0x2A, 0xFF, 1});
  ASSERT_TRUE(id);
  EXPECT_THAT(*id, ElementsAre(0x2A, 0xFF, 1));
  EXPECT_FALSE(decode_server_id(7, Bytes{7, 17, 4, 0x2A, 0xFF, 1}));
  EXPECT_FALSE(decode_server_id(8, Bytes{7, 17, 3, 0x2A, 0xFF, 1}));
}

}  // namespace
}  // namespace jidian::modbus

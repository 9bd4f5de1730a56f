#include "modbus/frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace jidian::modbus {
namespace {

using meter::Registers;
using meter::Table;
using testing::ElementsAre;

Result<std::uint8_t> decode(Registers registers, const Bytes& reply, std::vector<std::uint16_t>& into) {
  into.assign(registers.count, 0xDEAD);
  return decode_reply(17, registers, reply, into);
}

TEST(Frame, RequestCarriesUnitFunctionFirstAndCount) {
  EXPECT_THAT(encode_request(17, {Table::input, 0x1234, 125}).bytes(), ElementsAre(17, 4, 0x12, 0x34, 0, 125));
  EXPECT_THAT(encode_request(1, {Table::holding, 65'535, 1}).bytes(), ElementsAre(1, 3, 0xFF, 0xFF, 0, 1));
  EXPECT_THAT(encode_request(1, {Table::coil, 0, 2'000}).bytes(), ElementsAre(1, 1, 0, 0, 0x07, 0xD0));
}

TEST(Frame, TcpRequestBeginsWithItsNumber) {
  EXPECT_THAT(with_tcp_header(0xABCD, encode_request(17, {Table::holding, 107, 3})),
              ElementsAre(0xAB, 0xCD, 0, 0, 0, 6, 17, 3, 0, 107, 0, 3));
}

TEST(Frame, RegistersAreUnpackedHighByteFirst) {
  std::vector<std::uint16_t> words;
  const auto done = decode({Table::holding, 107, 3}, {17, 3, 6, 0xAE, 0x41, 0x56, 0x52, 0x43, 0x40}, words);
  ASSERT_TRUE(done);
  EXPECT_EQ(*done, 0);
  EXPECT_THAT(words, ElementsAre(0xAE41, 0x5652, 0x4340));
}

TEST(Frame, BitsAreUnpackedLeastSignificantFirst) {
  std::vector<std::uint16_t> words;
  ASSERT_TRUE(decode({Table::coil, 19, 10}, {17, 1, 2, 0xCD, 0x01}, words));
  EXPECT_THAT(words, ElementsAre(1, 0, 1, 1, 0, 0, 1, 1, 1, 0));
}

TEST(Frame, AnExceptionIsAnAnswer) {
  std::vector<std::uint16_t> words;
  const auto done = decode({Table::input, 0, 2}, {17, 0x84, 2}, words);
  ASSERT_TRUE(done);
  EXPECT_EQ(*done, 2);
  EXPECT_THAT(words, ElementsAre(0xDEAD, 0xDEAD));
}

struct BadReply {
  const char* what;
  Bytes bytes;
};

class FrameRefuses : public testing::TestWithParam<BadReply> {};

TEST_P(FrameRefuses, AReplyThatIsNotTheAnswer) {
  std::vector<std::uint16_t> words;
  const auto done = decode({Table::holding, 107, 2}, GetParam().bytes, words);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), ErrorKind::corrupt);
  EXPECT_THAT(done.error().message(), testing::HasSubstr(GetParam().what));
  EXPECT_THAT(words, ElementsAre(0xDEAD, 0xDEAD));
}

INSTANTIATE_TEST_SUITE_P(All, FrameRefuses,
                         testing::Values(BadReply{"too short", {}}, BadReply{"too short", {17, 3}},
                                         BadReply{"unit 18 instead of 17", {18, 3, 4, 0, 1, 0, 2}},
                                         BadReply{"unit 0 instead of 17", {0, 3, 4, 0, 1, 0, 2}},
                                         BadReply{"function 4 instead of 3", {17, 4, 4, 0, 1, 0, 2}},
                                         BadReply{"function 132 instead of 3", {17, 0x84, 2}},
                                         BadReply{"byte count of 2 instead of 4", {17, 3, 2, 0, 1}},
                                         BadReply{"byte count of 0 instead of 4",
                                                  {17, 3, 0, 107, 0, 2}},  // our own request, echoed
                                         BadReply{"length is 5 instead of 7", {17, 3, 4, 0, 1}},
                                         BadReply{"length is 9 instead of 7", {17, 3, 4, 0, 1, 0, 2, 0, 3}},
                                         BadReply{"exception reply is malformed", {17, 0x83, 2, 0}},
                                         BadReply{"exception reply is malformed", {17, 0x83, 0}}));

TEST(Frame, TcpHeaderLeadsToTheReply) {
  const Bytes frame{0, 9, 0, 0, 0, 5, 17, 3, 2, 0, 1};
  const auto reply = check_tcp_header(9, frame);
  ASSERT_TRUE(reply);
  EXPECT_THAT(*reply, ElementsAre(17, 3, 2, 0, 1));
}

TEST(Frame, TcpHeaderOfAnotherTransactionProtocolOrLengthIsRefused) {
  EXPECT_FALSE(check_tcp_header(8, Bytes{0, 9, 0, 0, 0, 5, 17, 3, 2, 0, 1}));
  EXPECT_FALSE(check_tcp_header(9, Bytes{0, 9, 0, 1, 0, 5, 17, 3, 2, 0, 1}));
  EXPECT_FALSE(check_tcp_header(9, Bytes{0, 9, 0, 0, 0, 6, 17, 3, 2, 0, 1}));
  EXPECT_FALSE(check_tcp_header(9, Bytes{0, 9, 0, 0, 1, 5, 17, 3, 2, 0, 1}));
  EXPECT_FALSE(check_tcp_header(9, Bytes{0, 9, 0, 0, 0, 5}));
}

TEST(Frame, ReplyLengthCountsBitsInBytes) {
  EXPECT_EQ(reply_length({Table::holding, 0, 125}), 253U);
  EXPECT_EQ(reply_length({Table::coil, 0, 8}), 4U);
  EXPECT_EQ(reply_length({Table::coil, 0, 9}), 5U);
}

TEST(Frame, OnlyAGatewayWithoutAnAnswerIsATimeout) {
  EXPECT_EQ(exception_error(2).kind(), ErrorKind::refused);
  EXPECT_EQ(exception_error(2).message(), "Modbus exception 2 (illegal data address)");
  EXPECT_EQ(exception_error(9).message(), "Modbus exception 9");
  EXPECT_EQ(exception_error(200).message(), "Modbus exception 200");
  EXPECT_EQ(exception_error(10).kind(), ErrorKind::timeout);
  EXPECT_EQ(exception_error(11).kind(), ErrorKind::timeout);
}

}  // namespace
}  // namespace jidian::modbus

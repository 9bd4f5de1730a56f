#include "commission/trace.hpp"

#include <gtest/gtest.h>

namespace jidian::commission {
namespace {

using acquire::FrameKind;

std::string said(FrameKind kind, Bytes bytes, bool is_tcp = false) {
  acquire::Frame frame;
  frame.kind = kind;
  frame.bytes = std::move(bytes);
  return describe(frame, is_tcp);
}

TEST(Trace, ARequestNamesTableAddressAndCount) {
  EXPECT_EQ(said(FrameKind::request, {7, 3, 0x20, 0x06, 0, 2, 0xAA, 0xBB}), "unit 7 is asked for holding 0x2006+2");
}

TEST(Trace, AReplyShowsItsWords) {
  EXPECT_EQ(said(FrameKind::reply, {7, 4, 4, 0x43, 0x66, 0x6A, 0x7F, 0xAA, 0xBB}),
            "unit 7 answers from input: 4 bytes 4366 6a7f");
}

TEST(Trace, ARefusalNamesTheException) {
  EXPECT_EQ(said(FrameKind::reply, {7, 0x83, 2, 0xAA, 0xBB}), "unit 7 refuses function 3: exception 2");
}

TEST(Trace, TheHeaderOfModbusTcpIsNoPartOfWhatItSays) {
  EXPECT_EQ(said(FrameKind::request, {0, 1, 0, 0, 0, 6, 7, 3, 0, 0, 0, 1}, true),
            "unit 7 is asked for holding 0x0000+1");
}

TEST(Trace, NoiseIsBytesAndATornFrameIsNoCrash) {
  EXPECT_EQ(said(FrameKind::noise, {0xFF}), "1 bytes ff");
  EXPECT_EQ(said(FrameKind::foreign, {}), "0 bytes");
  EXPECT_EQ(said(FrameKind::reply, {7, 3}), "2 bytes 0703");
}

}  // namespace
}  // namespace jidian::commission

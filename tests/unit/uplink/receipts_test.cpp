#include "uplink/receipts.hpp"

#include <gmock/gmock.h>

#include "tests/unit/uplink/fakes.hpp"

namespace jidian::uplink {
namespace {

using testing::HasSubstr;

Result<Receipt> parse(const std::string& text) {
  return parse_receipt(Bytes(text.begin(), text.end()));
}

const std::string digits(64, 'a');

TEST(Receipts, ReadsTheContractsExample) {
  const auto receipt = parse(R"({"epoch":"00c0ffee00c0ffee","stream":"reading","stored":[[1,40],[42,43]],
    "head":{"seq":43,"sha256":")" +
                             digits + R"("},"rejected":[{"seq":41,"reason":"unknown_manifest"}]})");
  ASSERT_TRUE(receipt) << receipt.error().message();
  EXPECT_EQ(receipt->epoch, 0x00C0FFEE00C0FFEEU);
  EXPECT_EQ(receipt->stream, Stream::reading);
  EXPECT_EQ(receipt->stored, (std::vector<SeqRange>{{1, 40}, {42, 43}}));
  EXPECT_EQ(receipt->head_seq, 43U);
  EXPECT_EQ(receipt->head[31], 0xAA);
  EXPECT_EQ(receipt->rejected, (std::vector<Receipt::Rejection>{{41, "unknown_manifest"}}));
}

TEST(Receipts, RefusesWhatIsNotOne) {
  const auto head = R"(,"head":{"seq":2,"sha256":")" + digits + R"("}})";
  const auto why = [](const std::string& text) {
    const auto receipt = parse(text);
    return receipt ? "accepted" : receipt.error().message();
  };
  const std::string begin = R"({"epoch":"0000000000000001","stream":"reading")";
  EXPECT_THAT(why("hello"), HasSubstr("JSON"));
  EXPECT_THAT(why("[1]"), HasSubstr("JSON object"));
  EXPECT_THAT(why(R"({"epoch":1,"stream":"reading"})"), HasSubstr("epoch"));
  EXPECT_THAT(why(R"({"epoch":"1","stream":"reading"})"), HasSubstr("epoch"));
  EXPECT_THAT(why(R"({"epoch":"000000000000000A","stream":"reading"})"), HasSubstr("epoch"));
  EXPECT_THAT(why(R"({"epoch":"0000000000000001","stream":"live"})"), HasSubstr("stream"));
  EXPECT_THAT(why(begin + R"(,"stored":[[2,1]])" + head), HasSubstr("[2,1]"));
  EXPECT_THAT(why(begin + R"(,"stored":[[0,2]])" + head), HasSubstr("[0,2]"));
  EXPECT_THAT(why(begin + R"(,"stored":[[-1,2]])" + head), HasSubstr("[-1,2]"));
  EXPECT_THAT(why(begin + R"(,"stored":[[1,2.5]])" + head), HasSubstr("[1,2.5]"));
  EXPECT_THAT(why(begin + R"(,"stored":[1,2])" + head), HasSubstr("range"));
  EXPECT_THAT(why(begin + R"(,"stored":[[1,2]]})"), HasSubstr("head"));
  EXPECT_THAT(why(begin + R"(,"stored":[[1,3]])" + head), HasSubstr("last batch"));
  EXPECT_THAT(why(begin + R"(,"stored":[[1,2]],"head":{"seq":2,"sha256":"ab"}})"), HasSubstr("SHA-256"));
  EXPECT_THAT(why(begin + R"(,"rejected":[{"seq":1}]})"), HasSubstr("rejected"));
  EXPECT_THAT(why(begin + R"(,"rejected":[7]})"), HasSubstr("rejected"));
  EXPECT_THAT(why(begin + R"(,"rejected":{}})"), HasSubstr("rejected"));
  EXPECT_THAT(why(std::string(70'000, ' ')), HasSubstr("64 KiB"));
  EXPECT_THAT(why(std::string(10'000, '[')), HasSubstr("JSON"));
}

TEST(Receipts, ARefusedRangeIsNamedByItsPlaceHoweverLongItIs) {
  const auto why = [](const std::string& ranges) {
    const auto receipt = parse(R"({"epoch":"0000000000000001","stream":"reading","stored":)" + ranges + "}");
    return receipt ? "accepted" : receipt.error().message();
  };
  EXPECT_EQ(why(R"([[1,2],[3,")" + std::string(60'000, 'x') + R"("]])"), "range 2 of 'stored' is not two numbers");
  EXPECT_LT(why("[[0,[" + std::string(60'000, '1') + "]]]").size(), 100U);
  EXPECT_EQ(why("[[0,[[]]]]"), "range 1 of 'stored' is not two numbers");
  EXPECT_EQ(why("[[1,2],[4,3]]"), "range 2 of 'stored' is [4,3]");
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  EXPECT_THAT(why("[[0," + deep + "]]"), HasSubstr("16 levels"));
}

TEST(Receipts, AReasonFromOutsideIsShortAndPrintable) {
  const auto receipt = parse(R"({"epoch":"0000000000000001","stream":"event","rejected":[{"seq":1,"reason":"a\n)" +
                             std::string(500, 'x') + R"("}]})");
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->rejected[0].reason, "a?" + std::string(62, 'x'));
}

class CheckReceipt : public testing::Test {
 protected:
  CheckReceipt() {
    for (int count = 0; count < 5; ++count) last_ = store_.add(Stream::reading);
    reader_ = *store_.reader();
  }
  Receipt honest(std::uint64_t first, std::uint64_t last) {
    Receipt receipt;
    receipt.epoch = 1;
    receipt.stream = Stream::reading;
    receipt.stored = {{first, last}};
    receipt.head_seq = last;
    if (last <= 5) receipt.head = record::sha256(store_.bytes({1, Stream::reading, last}));
    return receipt;
  }
  std::string why(const Receipt& receipt, const store::Ranges& acknowledged = {}) {
    const auto checked = check_receipt(receipt, *reader_, acknowledged);
    return checked ? "accepted" : checked.error().message();
  }

  FakeStore store_;
  BatchKey last_;
  std::unique_ptr<store::Reader> reader_;
};

TEST_F(CheckReceipt, AcceptsOurOwnBytes) {
  EXPECT_EQ(why(honest(1, 5)), "accepted");
  EXPECT_EQ(why(honest(3, 3)), "accepted");
}

TEST_F(CheckReceipt, RefusesAWrongHash) {
  auto receipt = honest(1, 5);
  receipt.head[0] ^= 1;
  EXPECT_THAT(why(receipt), HasSubstr("not that of our bytes"));
}

TEST_F(CheckReceipt, RefusesWhatWasNeverSent) {
  EXPECT_THAT(why(honest(1, 6)), HasSubstr("never sent"));
  auto receipt = honest(1, 5);
  receipt.rejected = {{6, "corrupt"}};
  EXPECT_THAT(why(receipt), HasSubstr("never sent"));
}

TEST_F(CheckReceipt, RefusesAForeignEpoch) {
  auto receipt = honest(1, 5);
  receipt.epoch = 2;
  EXPECT_THAT(why(receipt), HasSubstr("does not have"));
}

TEST_F(CheckReceipt, ARepeatedReceiptForEvictedBatchesIsFine) {
  const auto receipt = honest(1, 3);
  store_.evict_before({1, Stream::reading, 4});
  store::Ranges acknowledged;
  acknowledged.add({1, 3});
  EXPECT_EQ(why(receipt, acknowledged), "accepted");
  EXPECT_THAT(why(receipt), HasSubstr("not here any more"));
}

}  // namespace
}  // namespace jidian::uplink

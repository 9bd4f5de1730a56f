#include <gmock/gmock.h>

#include "plant/frame.hpp"
#include "plant/responder.hpp"
#include "plant/rtu_line.hpp"
#include "plant/scenario.hpp"

namespace jidian::plant {
namespace {

using testing::ElementsAre;

constexpr std::int64_t instant_ms = 1'772'409'612'345;

// The line of the demo: unit 4 is an SDM630.
class Wire : public testing::Test {
 protected:
  Wire() {
    device.unit = &scenario.lines[0].units[3];
    device.model = &model(device.unit->model);
    device.feed = world.feed(device.unit->feed);
    bus.id = "rtu-1";
    bus.units[4] = &device;
  }

  Reply ask(Bytes pdu, Transport transport = Transport::rtu, std::uint8_t unit = 4) {
    const Message request{transport, 77, unit, std::move(pdu)};
    raw = to_frame(request);
    return responder.answer(bus, request, raw, instant_ms);
  }

  void set(const char* fault) { faults.set("voc-1", parse_fault(fault)); }

  Scenario scenario = builtin_scenario("demo");
  World world{scenario};
  FaultBoard faults{scenario.seed};
  Responder responder{world, faults, scenario.seed};
  Device device{};
  Bus bus;
  Bytes raw;
  const Bytes voltage{4, 0, 0, 0, 2};
};

TEST(Frame, CrcIsTheOneOfTheStandard) {
  // 01 03 00 00 00 01 has 84 0A, as every Modbus tool prints it.
  const Bytes bytes{1, 3, 0, 0, 0, 1};
  EXPECT_EQ(crc16(bytes), 0x0A84);
}

TEST(Frame, TcpRequestsAreTakenOneByOne) {
  const Bytes first = to_frame({Transport::tcp, 5, 9, {3, 0, 1, 0, 2}});
  EXPECT_THAT(first, ElementsAre(0, 5, 0, 0, 0, 6, 9, 3, 0, 1, 0, 2));
  Bytes stream = first;
  stream.push_back(0);
  Message got;
  std::size_t used = 0;
  EXPECT_EQ(scan_tcp(stream, got, used), Scan::message);
  EXPECT_EQ(used, first.size());
  EXPECT_EQ(got.transaction, 5);
  EXPECT_EQ(got.unit, 9);
  EXPECT_EQ(scan_tcp(ByteView(stream).subspan(used), got, used), Scan::incomplete);
  const Bytes strange{'G', 'E', 'T', ' ', '/', ' ', 'H'};
  EXPECT_EQ(scan_tcp(strange, got, used), Scan::garbage);
}

TEST(Frame, RtuRequestsEndWhereTheirFunctionSays) {
  for (const Bytes& pdu : {Bytes{3, 0, 1, 0, 2}, Bytes{17}, Bytes{43, 14, 1, 0}, Bytes{16, 0, 0, 0, 1, 2, 0, 7}}) {
    Bytes frame = to_frame({Transport::rtu, 0, 4, pdu});
    Message got;
    std::size_t used = 0;
    EXPECT_EQ(scan_rtu(ByteView(frame).first(frame.size() - 1), got, used), Scan::incomplete);
    EXPECT_EQ(scan_rtu(frame, got, used), Scan::message);
    EXPECT_EQ(used, frame.size());
    EXPECT_EQ(got.pdu, pdu);
    frame.back() = static_cast<std::uint8_t>(frame.back() ^ 1U);
    EXPECT_EQ(scan_rtu(frame, got, used), Scan::garbage);
  }
}

TEST_F(Wire, AnswersARead) {
  const Reply reply = ask(voltage);
  ASSERT_EQ(reply.bytes.size(), 9U);
  EXPECT_EQ(reply.bytes[2], 4);
  EXPECT_EQ(reply.delay_ms, 10);
  EXPECT_EQ(crc16(ByteView(reply.bytes).first(7)), reply.bytes[7] | reply.bytes[8] << 8);
  EXPECT_EQ(device.stats.registers.load(), 2U);
}

TEST(Responder, AMeterOnACutLineIsDead) {
  Scenario scenario = builtin_scenario("demo");
  scenario.feeds[0].outages = {{instant_ms, instant_ms + 60'000, 0, true}};
  const World world(scenario);
  const FaultBoard faults(1);
  const Responder responder(world, faults, 1);
  Unit unit;
  unit.meter = "voc-1";
  Device device{&unit, &model("eastron-sdm630"), world.feed("voc-1"), {}, world.feed("furnace-1")};
  Bus bus;
  bus.units[4] = &device;
  const Message request{Transport::tcp, 1, 4, {4, 0, 0, 0, 2}};
  EXPECT_EQ(responder.answer(bus, request, {}, instant_ms - 100).bytes.size(), 13U);
  EXPECT_TRUE(responder.answer(bus, request, {}, instant_ms).bytes.empty());
  EXPECT_EQ(responder.answer(bus, request, {}, instant_ms + 60'000).bytes.size(), 13U);
}

TEST_F(Wire, CountsWritesAsForbiddenAndRefusesThem) {
  const Reply reply = ask({6, 0, 0, 0, 1}, Transport::tcp);
  EXPECT_THAT(Bytes(reply.bytes.begin() + 6, reply.bytes.end()), ElementsAre(4, 0x86, 1));
  EXPECT_EQ(device.stats.forbidden_functions.load(), 1U);
  ask(voltage);
  EXPECT_EQ(device.stats.forbidden_functions.load(), 1U);
}

TEST_F(Wire, AbsentUnitIsSilentUnlessTheEndpointAnswersForIt) {
  EXPECT_TRUE(ask(voltage, Transport::tcp, 9).bytes.empty());
  bus.absent_answers = true;
  const Reply reply = ask(voltage, Transport::tcp, 9);
  EXPECT_THAT(Bytes(reply.bytes.begin() + 6, reply.bytes.end()), ElementsAre(9, 0x84, 0x0B));
}

TEST_F(Wire, IdentityIsToldByTheModelsThatHaveOne) {
  EXPECT_EQ(ask({43, 14, 1, 0}, Transport::tcp).bytes[7], 0x80 | 43);
  device.model = &model("siemens-pac3200");
  const Reply reply = ask({43, 14, 1, 0}, Transport::tcp);
  const std::string text(reply.bytes.begin(), reply.bytes.end());
  EXPECT_THAT(text, testing::HasSubstr("SIEMENS AG"));
  EXPECT_THAT(text, testing::HasSubstr("SENTRON PAC3200"));
}

TEST_F(Wire, FaultsSpoilTheReplyInTheirOwnWay) {
  const Bytes good = ask(voltage).bytes;
  set("silence");
  EXPECT_TRUE(ask(voltage).bytes.empty());
  faults.clear("voc-1");
  set("exception 1 6");
  EXPECT_EQ(ask(voltage).bytes[1], 0x84);
  EXPECT_EQ(ask(voltage).bytes[2], 6);
  faults.clear("voc-1");
  set("wrong_unit");
  EXPECT_EQ(ask(voltage).bytes[0], 5);
  faults.clear("voc-1");
  set("bad_crc");
  const Bytes spoiled = ask(voltage).bytes;
  EXPECT_NE(crc16(ByteView(spoiled).first(7)), spoiled[7] | spoiled[8] << 8);
  faults.clear("voc-1");
  set("truncated 1 3");
  EXPECT_EQ(ask(voltage).bytes.size(), good.size() - 3);
  faults.clear("voc-1");
  set("echo");
  EXPECT_EQ(ask(voltage).bytes.size(), good.size() + raw.size());
  faults.clear("voc-1");
  set("glued");
  EXPECT_EQ(ask(voltage).bytes.size(), 2 * good.size());
  faults.clear("voc-1");
  EXPECT_EQ(ask(voltage).bytes, good);
}

TEST_F(Wire, ForeignBlockLooksRightAndIsNot) {
  const Bytes good = ask(voltage).bytes;
  set("foreign_block");
  const Bytes foreign = ask(voltage).bytes;
  ASSERT_EQ(foreign.size(), good.size());
  EXPECT_TRUE(std::equal(good.begin(), good.begin() + 3, foreign.begin()));
  EXPECT_EQ(crc16(ByteView(foreign).first(7)), foreign[7] | foreign[8] << 8);
  EXPECT_NE(foreign, good);
}

TEST_F(Wire, ReversedTransformerTurnsOnePhase) {
  const Bytes others[]{{4, 0, 0x0C, 0, 2}, {4, 0, 0x10, 0, 2}, {4, 0, 0x00, 0, 2}};
  const Bytes power{4, 0, 0x0E, 0, 2};
  const Bytes right = ask(power).bytes;
  std::vector<Bytes> of_others;
  for (const Bytes& other : others) of_others.push_back(ask(other).bytes);
  set("ct_reversed 1 2");
  const Bytes turned = ask(power).bytes;
  EXPECT_EQ(turned[3], right[3] ^ 0x80);  // the sign of a float
  EXPECT_TRUE(std::equal(right.begin() + 4, right.begin() + 7, turned.begin() + 4));
  for (std::size_t i = 0; i < of_others.size(); ++i) EXPECT_EQ(ask(others[i]).bytes, of_others[i]);
}

TEST_F(Wire, LostCountersShowZeroAndNothingElseDoes) {
  const Bytes energy{4, 0, 0x48, 0, 2};
  const Bytes right = ask(voltage).bytes;
  EXPECT_NE(ask(energy).bytes[3], 0);
  set("counters_lost");
  const Bytes lost = ask(energy).bytes;
  EXPECT_TRUE(std::all_of(lost.begin() + 3, lost.begin() + 7, [](std::uint8_t byte) { return byte == 0; }));
  EXPECT_EQ(ask(voltage).bytes, right);
}

TEST_F(Wire, FrozenMeterShowsAnotherInstant) {
  const Bytes right = ask(voltage).bytes;
  set("frozen 1 1772409612345");
  EXPECT_EQ(ask(voltage).bytes, right);
  set("frozen 1 1772409000000");
  EXPECT_NE(ask(voltage).bytes, right);
}

TEST_F(Wire, WrongTransactionKeepsEverythingElse) {
  const Bytes good = ask(voltage, Transport::tcp).bytes;
  set("wrong_transaction");
  const Bytes wrong = ask(voltage, Transport::tcp).bytes;
  EXPECT_EQ(wrong[1], 78);
  EXPECT_TRUE(std::equal(good.begin() + 2, good.end(), wrong.begin() + 2));
}

TEST_F(Wire, FlipInvertsExactlyThatManyBits) {
  const Bytes good = ask(voltage).bytes;
  set("flip 1 3");
  const Bytes flipped = ask(voltage).bytes;
  int bits = 0;
  for (std::size_t i = 0; i < good.size(); ++i) bits += __builtin_popcount(static_cast<unsigned>(good[i] ^ flipped[i]));
  EXPECT_EQ(bits, 3);
}

TEST_F(Wire, StaleReplyComesWithTheNextOne) {
  set("stale");
  EXPECT_TRUE(ask(voltage).bytes.empty());
  faults.clear("voc-1");
  EXPECT_EQ(ask(voltage).bytes.size(), 18U);
  EXPECT_EQ(ask(voltage).bytes.size(), 9U);
}

TEST_F(Wire, StaleReplyNeverComesInThePlaceOfOne) {
  set("stale");
  ask(voltage);
  faults.clear("voc-1");
  set("silence");
  EXPECT_TRUE(ask(voltage).bytes.empty());  // alone it could not be told from the answer
  faults.clear("voc-1");
  EXPECT_EQ(ask(voltage).bytes.size(), 18U);
}

TEST_F(Wire, FramesWithoutAPauseAreKnown) {
  const std::size_t length = ask(voltage).bytes.size();
  EXPECT_TRUE(ask(voltage).joints.empty());
  set("stale");
  ask(voltage);
  faults.clear("voc-1");
  set("glued");
  EXPECT_THAT(ask(voltage).joints, ElementsAre(length, 2 * length));
  faults.clear("voc-1");
  set("echo");
  EXPECT_THAT(ask(voltage).joints, ElementsAre(raw.size()));
}

TEST(PieceEnd, NoPieceEndsWhereTheNextFrameFollowsWithoutAPause) {
  const std::vector<std::size_t> joints{25};
  for (std::size_t due = 0; due <= 50; ++due)
    EXPECT_EQ(piece_end(joints, 50, due), due >= 25 && due < 30 ? 24 : due) << due;
  EXPECT_EQ(piece_end(joints, 27, 27), 27U);  // a second one that was cut off
  EXPECT_EQ(piece_end({}, 50, 25), 25U);
}

TEST_F(Wire, LateReplyDoesNotHoldUpTheOthers) {
  set("late_reply 1 400ms");
  const Reply late = ask(voltage);
  EXPECT_EQ(late.delay_ms, 410);
  EXPECT_FALSE(late.blocks);
  faults.clear("voc-1");
  set("delay 1 50ms");
  EXPECT_TRUE(ask(voltage).blocks);
}

TEST_F(Wire, ProbabilityDecidesHowOftenAndTheSeedDecidesWhich) {
  set("silence 0.2");
  std::vector<int> hit;
  for (int i = 0; i < 1000; ++i)
    if (ask(voltage).bytes.empty()) hit.push_back(i);
  EXPECT_THAT(hit.size(), testing::AllOf(testing::Gt(150U), testing::Lt(250U)));
  device.stats.requests = 0;
  for (int i = 0; i < 1000; ++i)
    if (ask(voltage).bytes.empty() != (std::find(hit.begin(), hit.end(), i) != hit.end())) FAIL() << i;
}

TEST(Faults, MistakesAreSaid) {
  EXPECT_THROW(parse_fault("lateness"), ScenarioError);
  EXPECT_THROW(parse_fault("silence 2"), ScenarioError);
  EXPECT_THROW(parse_fault("delay 1 soon"), ScenarioError);
  EXPECT_EQ(parse_fault("reset 1 2s").argument, 2000);
}

TEST(WireTimes, SilenceIsThreeAndAHalfCharactersUpTo19200Baud) {
  Line line;
  EXPECT_NEAR(WireTimes(line).character_us, 1041.7, 0.1);
  EXPECT_EQ(WireTimes(line).silence_us, 3645);
  line.parity = 'E';
  EXPECT_NEAR(WireTimes(line).character_us, 1145.8, 0.1);
  line.baud = 115'200;
  EXPECT_EQ(WireTimes(line).silence_us, 1750);
}

}  // namespace
}  // namespace jidian::plant

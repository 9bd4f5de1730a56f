#include "app/translate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/print.hpp"
#include "app/status_view.hpp"
#include "app/texts.hpp"
#include "command/findings.hpp"
#include "command/status.hpp"
#include "tests/unit/command/declared.hpp"
#include "tests/unit/command/healthy.hpp"
#include "tests/unit/config/texts.hpp"

namespace jidian::app {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Chinese is spoken as long as it lives.
class InChinese {
 public:
  InChinese() { speak(Language::chinese); }
  ~InChinese() { speak(Language::english); }
};

bool is_chinese(const std::string& words) {
  return std::ranges::any_of(words, [](char c) { return static_cast<unsigned char>(c) >= 0xE4; });
}

/// The words with every {place} replaced by something.
std::string filled_form(std::string_view form) {
  std::string words;
  bool inside = false;
  for (const char c : form) {
    if (c == '{') words += "x1";
    inside = c == '{' || (inside && c != '}');
    if (!inside && c != '}') words += c;
  }
  return words;
}

void expect_translated(const std::vector<command::Finding>& findings, std::size_t count) {
  EXPECT_EQ(findings.size(), count);
  for (const auto& finding : findings) {
    EXPECT_TRUE(is_chinese(translated(finding.what))) << finding.what;
    EXPECT_TRUE(is_chinese(translated(finding.advice))) << finding.advice;
  }
}

std::string mistakes_with(std::string_view from, std::string_view to) {
  std::string said;
  for (const auto& mistake : config::parse_small(config::replace(config::small_site, from, to)).mistakes)
    said += line_of(mistake) + "\n";
  return said;
}

TEST(Translate, NoFormOfASentenceHidesAnother) {
  const InChinese chinese;
  const auto translations = sentences_in(Language::chinese);
  for (const auto& [key, form] : sentences_in(Language::english)) {
    if (!key.starts_with("said.")) continue;
    const auto wanted = std::ranges::find(translations, key, &Sentence::key);
    ASSERT_NE(wanted, translations.end()) << key;
    EXPECT_EQ(translated(filled_form(form)), filled_form(wanted->words)) << key;
  }
}

TEST(Translate, WhatNobodyKnowsStaysAsItIs) {
  const InChinese chinese;
  EXPECT_EQ(translated("the flux is out of phase"), "the flux is out of phase");
  EXPECT_EQ(translated(""), "");
}

TEST(Translate, EnglishStaysEnglish) {
  EXPECT_EQ(translated("compare with its display"), "compare with its display");
}

TEST(Translate, MistakesOfTheSiteFileAreToldInChinese) {
  const InChinese chinese;
  EXPECT_EQ(mistakes_with("unit = 1\nprofile", "unit = 300\nprofile"),
            "site.toml:24:8: 表计“press-1”：unit 超出范围，现为 '300'；请写 1 … 247 的数字\n");
  EXPECT_EQ(mistakes_with("period = \"1s\"", "perriod = \"1s\""),
            "site.toml:26:1: 表计“press-1”：不认识的键“perriod”；是否想写“period”？\n");
  EXPECT_THAT(mistakes_with("period = \"1s\"", "period = 1"), HasSubstr("period 应为时长，现为 '1'"));
  EXPECT_THAT(mistakes_with("host = \"127.0.0.1\"\n", ""), HasSubstr("总线“plc”：缺少 host；请写 host ="));
  EXPECT_THAT(mistakes_with("\"plc-1\"]", "\"plc-2\"]"), HasSubstr("没有名为“plc-2”的表计；是否想写“plc-1”？"));
  EXPECT_THAT(
      mistakes_with("[[uplink]]", "[[uplink]]\nid = \"bureau\"\nurl = \"mqtts://broker.example.org\"\n\n[[uplink]]"),
      HasSubstr("上行通道“province”：url 已是上行通道“bureau”的消息服务器"));
}

TEST(Translate, WarningsOfTheSiteFileAreToldInChinese) {
  const InChinese chinese;
  EXPECT_THAT(mistakes_with("\"/dev/serial/by-path/x\"", "\"/dev/ttyUSB0\""), HasSubstr("重启后可能改名"));
  EXPECT_THAT(mistakes_with("\n[[uplink]]\nid = \"province\"\nurl = \"mqtts://broker.example.org\"\n", ""),
              HasSubstr("没有 [[uplink]]"));
  EXPECT_THAT(mistakes_with("[\"press-1\", \"plc-1\"]", "[\"press-1\"]"), HasSubstr("表计“plc-1”：不属于任何设施"));
  const auto slow = mistakes_with("by-path/x\"", "by-path/x\"\nbaud = 1200\nworst_latency = \"6s\"");
  EXPECT_THAT(slow, HasSubstr("总线“line-1”：表计需占线路时间的"));
  EXPECT_THAT(slow, Not(HasSubstr("its meters")));
}

TEST(Translate, WhatProfilesExportAndVerifySayIsToldInChinese) {
  const InChinese chinese;
  EXPECT_EQ(translated("no profile is called 'acrel'; did you mean 'acrel-pz96'? (jidian profiles lists them)"),
            "没有名为“acrel”的表计档案；是否想写“acrel-pz96”？（jidian profiles 列出全部）");
  EXPECT_EQ(translated("there is no uplink 'x'; write province or bureau"), "没有上行通道“x”；请写 province or bureau");
  EXPECT_EQ(translated("epoch 0000000000000001 reading 7: reading 7: batch 6 was expected"),
            "纪元 0000000000000001 的 reading 7：reading 7：此处应为第 6 个批次");
  EXPECT_EQ(translated("line 3: not a line of an evidence export"), "第 3 行：不是证据导出文件的行");
  EXPECT_EQ(translated("cannot read /x: Permission denied"), "无法读取 /x：" + translated("Permission denied"));
  EXPECT_EQ(translated("cannot read /x"), "无法读取 /x");
}

TEST(Translate, WhatAnExchangeAroundAReloadIsRefusedWithIsToldInChinese) {
  const InChinese chinese;
  EXPECT_EQ(translated("another configuration is being taken over now; say it again when it is"),
            "正在切换到另一份配置；请在切换完成后重新申报");
  EXPECT_EQ(translated("the configuration was changed meanwhile; say it again"), "其间配置已更改；请重新申报");
}

TEST(Translate, WhatLiveCostsIsToldInChinese) {
  const InChinese chinese;
  const auto warning = [](const std::string& write) {
    return translated(
        "gateway: live every 5s costs about 51 GB a month, beside 1.9 GB of batches; over a SIM card write " + write);
  };
  EXPECT_EQ(warning("live_interval = \"5m\" (about 849 MB), or \"off\""),
            "gateway：live 每 5s 发布一次，每月约 51 GB，另有数据批次 1.9 GB；若使用 SIM 卡，请写 live_interval = "
            "\"5m\"（约 849 MB），或 \"off\"");
  EXPECT_THAT(warning("live_interval = \"off\""), HasSubstr("请写 live_interval = \"off\""));
  EXPECT_THAT(mistakes_with("[gateway]", "[gateway]\nlive_interval = \"never\""), HasSubstr("或者 \"off\""));
}

TEST(Translate, AWarningOfLateEnergiesIsToldInChinese) {
  const InChinese chinese;
  auto parsed = config::parse_small(config::small_site);
  ASSERT_TRUE(parsed.site);
  auto& meters = parsed.site->meters;
  const config::Meter first = meters[0];
  meters.assign(14, first);
  auto& bus = parsed.site->buses[0];
  const auto told = [&] { return translated("bus 'line-1': " + config::late_energies(bus, meters)); };
  EXPECT_EQ(told(),
            "总线“line-1”：读完其 14 块表计的电量需 1.1 秒，因此部分表计的电量晚于日界一秒以上；请在其 [[bus]] 中写 "
            "baud = 19200，或者仅保留约 13 块，其余移到另一条线路");
  meters.assign(250, first);
  EXPECT_THAT(told(), HasSubstr("以上；仅保留约 13 块，其余移到另一条线路"));
}

TEST(Translate, FindingsOfTheGatewayAreToldInChinese) {
  const InChinese chinese;
  auto snapshot = command::healthy();
  snapshot.stuck = "recorder";
  snapshot.clock = ClockQuality::holdover;
  snapshot.store.evicted = 3;
  snapshot.buses[0].load = 0.95;
  snapshot.buses[1].dropped_polls = 4;
  snapshot.buses[1].dropped_events = 2;
  snapshot.meters[0].misses_in_row = 40;
  snapshot.meters[0].last_good.reset();
  snapshot.meters[0].last_error_kind = ErrorKind::corrupt;
  snapshot.meters[1].misses_in_row = 40;
  snapshot.meters[1].last_good = command::before(std::chrono::minutes{12});
  snapshot.meters[1].last_error = "no answer within 500 ms";
  snapshot.meters[2].foreign = "its serial number is 2";
  snapshot.meters[2].refused = {"a", "b", "c", "d", "e"};
  snapshot.uplinks[0].rejected = 2;
  snapshot.uplinks[0].receipts_refused = 2;
  snapshot.uplinks[0].trouble = "not connected: no route";
  snapshot.uplinks[0].connected = false;
  // None of the two meters of the line answers, so it is told once, of the line.
  expect_translated(command::find_faults(snapshot), 12);
}

TEST(Translate, TroublesOfTheLocalInterfaceAreToldInChinese) {
  const InChinese chinese;
  EXPECT_EQ(translated("the socket could not be given to the group 'x' (Operation not permitted), so only root and the "
                       "gateway's own user may ask"),
            "套接字无法交给组“x”（Operation not permitted），因此只有 root 和网关自己的用户可以询问");
  EXPECT_THAT(translated("permission denied at /run/jidian/api.sock: you are not in the group 'jidian-read'; ask the "
                         "administrator to run `usermod -aG jidian-read user-1`, then log in again"),
              HasSubstr("您不在组“jidian-read”中；请管理员运行 `usermod -aG jidian-read user-1`"));
}

TEST(Translate, DoubtsOfAMeterAreToldInChinese) {
  const InChinese chinese;
  auto snapshot = command::healthy();
  snapshot.meters[0].misses_in_row = 40;
  snapshot.meters[0].last_good = command::before(std::chrono::hours{72});
  snapshot.meters[0].last_error = "no answer within 500 ms";
  const auto since = command::before(std::chrono::hours{1});
  snapshot.records = {
      {"press-1",
       {{"phase_sum", "active_power.total", "The phases' active powers do not add up to the total.", since},
        {"zero_current", "current.l1", "There is power and no current.", since}},
       std::nullopt,
       ""}};
  expect_translated(command::find_faults(snapshot), 3);
  const auto view = render_status(command::status_json(snapshot), Colours::none);
  ASSERT_TRUE(view);
  EXPECT_THAT(view->text, HasSubstr("表计 furnace-1：rtu-1 上地址 3 已 3 天 无数据：500 ms 内无应答"));
  EXPECT_THAT(view->text, HasSubstr("有功率而无电流（current.l1），已 60 min"));
  EXPECT_THAT(view->text, HasSubstr("下一步：请检查该表的电源"));
}

TEST(Translate, TheStatusOfAHealthyGatewayIsAChineseScreen) {
  const InChinese chinese;
  const auto view = render_status(command::status_json(command::healthy()), Colours::none);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->text,
            "gw-1  正在记录  已运行 2 h  版本 1.2.3  时钟 已同步  2026-03-01T08:00:00.000Z\n"
            "存储  1.0 MB，上限 2.0 GB，还可存 160 天，上次提交在 4 s 前，启动以来记录 300000 个读数\n"
            "\n"
            "上行通道\n"
            "  province  已连接  2 批待确认，最早 12 s  上次回执 6 s  mqtts://broker.example:8883\n"
            "\n"
            "总线\n"
            "  rtu-1  已打开  占用 41 %  /dev/ttyUSB0 9600 8N1\n"
            "  tcp-1  已打开  占用 2 %   10.0.0.5:502\n"
            "\n"
            "表计  3 块，3 块正常\n"
            "  furnace-1  rtu-1/3  正常  1 s 前  7200 次轮询失败 0 次  未核对\n"
            "  press-1    rtu-1/4  正常  1 s 前  7200 次轮询失败 0 次  未核对\n"
            "  gas-1      tcp-1/1  正常  9 s 前  7200 次轮询失败 0 次  未核对\n"
            "\n"
            "一切正常。\n"
            "下一步：jidian watch 显示最新数值\n");
}

TEST(Translate, TheLoadIsToldInChinese) {
  const InChinese chinese;
  const auto view = render_status(command::status_json(command::with_load()), Colours::none);
  ASSERT_TRUE(view);
  EXPECT_THAT(view->text, HasSubstr("\n负荷（最近一个已结束的 15 分钟平均值）\n"
                                    "  grid  812.4 kW    3 min 前          本月最大 1203.2 kW，止于 2026-03-01T06:15Z  "
                                    "1300012345678, Feeder 512, 10 kV\n"
                                    "  gas   48.00 m3/h  3 min 前，不完整  本月最大值未知                              "
                                    "GZ-20871, Station 7, 0.2 MPa      合同 4000 m3/日\n"
                                    "\n申报的应急负荷\n"
                                    "  全厂          合同容量 2000 kVA          保安负荷 120 kW\n"
                                    "  melting-shop  可中断 900 kW，需 45 分钟  可调节 200 kW，需 10 分钟\n"));
}

TEST(Translate, SpansOfDaysAreToldInTheLanguageThatIsSpoken) {
  EXPECT_EQ(span_text(259'200), "3 days");
  const InChinese chinese;
  EXPECT_EQ(span_text(259'200), "3 天");
  EXPECT_EQ(span_text(7'200), "2 h");
}

TEST(Translate, HeadingsAreAsManyInEitherLanguage) {
  for (const char* key : {"read.heads", "watch.heads", "doctor.heads"}) {
    const auto english = headings(key);
    const InChinese chinese;
    EXPECT_EQ(headings(key).size(), english.size()) << key;
    EXPECT_NE(headings(key), english) << key;
  }
}

}  // namespace
}  // namespace jidian::app

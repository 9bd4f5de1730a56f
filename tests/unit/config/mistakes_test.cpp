#include <gmock/gmock.h>

#include "texts.hpp"

namespace jidian::config {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What the small site says once `from` was replaced by `to`.
std::string said(std::string_view from, std::string_view to) {
  const Parsed parsed = parse_small(replace(small_site, from, to));
  const bool failed = std::ranges::any_of(parsed.mistakes, [](const Mistake& it) { return !it.warning; });
  EXPECT_EQ(parsed.site.has_value(), !failed);
  return print(parsed.mistakes);
}

TEST(Mistakes, SaysWhereWhatAndWhatToWrite) {
  EXPECT_EQ(said("period = \"1s\"", "period = \"0s\""),
            "site.toml:26:10: meter 'press-1': period is out of range, got '0s'; write a duration from \"100ms\" to "
            "\"1h\", in ms, s, m, h or d\n");
  EXPECT_EQ(said("unit = 1\nprofile", "unit = 300\nprofile"),
            "site.toml:24:8: meter 'press-1': unit is out of range, got '300'; write a number from 1 … 247\n");
  EXPECT_EQ(said("period = \"1s\"", "period = 1"),
            "site.toml:26:10: meter 'press-1': period must be a duration, got '1'; write a duration from \"100ms\" to "
            "\"1h\", in ms, s, m, h or d\n");
}

TEST(Mistakes, UnknownKeysAndSectionsComeWithAGuess) {
  EXPECT_EQ(said("period = \"1s\"", "perriod = \"1s\""),
            "site.toml:26:1: meter 'press-1': unknown key 'perriod'; did you mean 'period'?\n");
  EXPECT_EQ(said("[[facility]]", "[[facilty]]"),
            "site.toml:39:3: site file: unknown section 'facilty'; did you mean 'facility'?\n");
  EXPECT_THAT(said("[gateway]\n", "[colours]\nred = 1\n[gateway]\n"),
              HasSubstr("1:2: site file: unknown section 'colours'\n"));
}

TEST(Mistakes, WrongTypesAreNeverIgnored) {
  EXPECT_THAT(said("id = \"foundry-1\"", "id = 1"), HasSubstr("gateway: id must be a text, got '1'; write id = \"…\""));
  EXPECT_THAT(said("port = 1502", "port = \"1502\""), HasSubstr("bus 'plc': port must be a whole number, got '1502'"));
  EXPECT_THAT(said("port = 1502", "port = 1502.5"), HasSubstr("port must be a whole number, got '1502.5'"));
  EXPECT_THAT(said("meters = [\"press-1\", \"plc-1\"]", "meters = \"press-1\""),
              HasSubstr("facility 'press': meters must be a list of texts, got 'press-1'; write meters = [\"…\"]"));
  EXPECT_THAT(said("meters = [\"press-1\", \"plc-1\"]", "meters = [1, \"plc-1\"]"),
              HasSubstr("facility 'press': meters holds texts only, got '1'"));
  EXPECT_THAT(said("[[uplink]]", "[uplink]"),
              HasSubstr("site file: uplink must be a list of sections, got a table; write [[uplink]] before each"));
  EXPECT_THAT(said("[gateway]", "[[gateway]]"),
              HasSubstr("site file: gateway must be a section, got an array; write [gateway] once"));
  EXPECT_THAT(said("url = \"mqtts://broker.example.org\"", "url = \"mqtts://h\"\ninsecure = \"no\""),
              HasSubstr("uplink 'province': insecure must be true or false, got 'no'; write it without quotes"));
}

TEST(Mistakes, MissingKeysAreNamedWithAnExample) {
  EXPECT_EQ(said("industry = \"C3391\"\n", ""),
            "site.toml:4:1: site: industry is missing; write industry = GB/T 4754's letter and digits: \"C3391\"\n");
  EXPECT_THAT(said("host = \"127.0.0.1\"\n", ""),
              HasSubstr("bus 'plc': host is missing; write host = \"192.168.1.20\""));
  EXPECT_THAT(said("unit = 1\nprofile", "profile"), HasSubstr("meter 'press-1': unit is missing; write unit = 1"));
  EXPECT_THAT(said("profile = \"test-meter\"\n", ""),
              HasSubstr("meter 'press-1': profile is missing; write profile = \"…\", or a section [meter.registers]"));
  EXPECT_THAT(
      print(parse_small("").mistakes),
      testing::AllOf(HasSubstr("gateway is missing"), HasSubstr("site is missing"), HasSubstr("bus is missing")));
}

TEST(Mistakes, AllAreToldAtOnce) {
  std::string text = replace(small_site, "region = \"130100\"", "region = \"Hebei\"");
  text = replace(text, "kind = \"tcp\"", "kind = \"udp\"");
  text = replace(text, "kind = \"production\"", "kind = \"prodution\"");
  EXPECT_EQ(print(parse_small(text).mistakes),
            "site.toml:7:10: site: region is no region code, got 'Hebei'; write the 6 digits of GB/T 2260\n"
            "site.toml:17:8: bus 'plc': kind has no such value, got 'udp'; write rtu, tcp or rtu-over-tcp\n"
            "site.toml:41:8: facility 'press': kind has no such value, got 'prodution'; write production, treatment, "
            "auxiliary, generation or storage; did you mean 'production'?\n");
}

TEST(Mistakes, SyntaxErrorsHaveAPlace) {
  EXPECT_THAT(said("unit = 1\nprofile", "unit = \nprofile"), HasSubstr("site.toml:24:8: not TOML: "));
  EXPECT_THAT(said("host = \"127.0.0.1\"", "host = 127.0.0.1"),
              HasSubstr("; a text stands in straight quotes: host = \"…\""));
  EXPECT_THAT(said("host = \"127.0.0.1\"", "host = “127.0.0.1”"),
              HasSubstr("; a text stands in straight quotes: host = \"…\""));
  EXPECT_THAT(print(parse_small("[bus]\nid = \"a\"\n[bus]\nid = \"b\"\n").mistakes),
              HasSubstr("; write [[bus]] before each if there are several"));
}

TEST(Mistakes, AKeyBelowTheRegistersIsToldWhereItBelongs) {
  EXPECT_THAT(said("[meter.registers]\n", "[meter.registers]\nperiod = \"5s\"\n"),
              HasSubstr("period stands below [meter.registers] and so in it; write it above that line"));
}

TEST(Mistakes, ReferencesMustExist) {
  EXPECT_EQ(said("bus = \"line-1\"", "bus = \"line1\""),
            "site.toml:23:7: meter 'press-1': bus does not exist, got 'line1'; write the id of a [[bus]]; did you mean "
            "'line-1'?\n");
  EXPECT_THAT(said("profile = \"test-meter\"", "profile = \"text-meter\""),
              HasSubstr("meter 'press-1': profile does not exist, got 'text-meter'; write the id of a profile; did you "
                        "mean 'test-meter'?"));
  EXPECT_THAT(said("\"plc-1\"]", "\"plc-2\"]"),
              HasSubstr("facility 'press': no meter is called 'plc-2'; did you mean 'plc-1'?"));
  EXPECT_THAT(said("\"plc-1\"]", "\"press-1\"]"), HasSubstr("facility 'press': meter 'press-1' is listed twice"));
}

TEST(Mistakes, AThingWithAMistakeStillTakesItsId) {
  EXPECT_EQ(said("id = \"press-1\"\nbus", "id = \"Press 1\"\nbus"),
            "site.toml:22:6: meter 'Press 1': id is not an id, got 'Press 1'; write 1 to 32 of a-z, 0-9 and '-'\n"
            "site.toml:42:11: facility 'press': no meter is called 'press-1'; did you mean 'Press 1'?\n");
  EXPECT_EQ(said("port = 1502", "port = 0"),
            "site.toml:19:8: bus 'plc': port is out of range, got '0'; write a number from 1 … 65535\n");
}

TEST(Mistakes, TwoOfAKindCollide) {
  EXPECT_THAT(said("id = \"plc-1\"", "id = \"press-1\""),
              HasSubstr("meter 'press-1': id is taken by an earlier one, got 'press-1'; write another id"));
  EXPECT_THAT(
      said("bus = \"plc\"\nunit = 1", "bus = \"line-1\"\nunit = 1"),
      HasSubstr("meter 'plc-1': unit is taken on bus 'line-1' by meter 'press-1', got '1'; write the meter's own "
                "address"));
  EXPECT_THAT(
      said("[[facility]]", "[[bus]]\nid = \"plc-2\"\nkind = \"tcp\"\nhost = \"127.0.0.1\"\nport = 1502\n[[facility]]"),
      HasSubstr("bus 'plc-2': host and port belong to an earlier bus"));
  EXPECT_THAT(said("[[facility]]",
                   "[[bus]]\nid = \"line-2\"\nkind = \"rtu\"\ndevice = \"/dev/serial/by-path/x\"\n[[facility]]"),
              HasSubstr("bus 'line-2': device belongs to an earlier bus"));
}

TEST(Mistakes, KeysOfTheOtherKindOfBusAreRefused) {
  EXPECT_THAT(said("port = 1502", "baud = 9600"),
              HasSubstr("bus 'plc': baud is for kind = \"rtu\" or \"rtu-over-tcp\"; remove it"));
  EXPECT_THAT(said("device = \"/dev/serial/by-path/x\"", "device = \"/dev/serial/by-path/x\"\nhost = \"h\""),
              HasSubstr("bus 'line-1': host is for a bus over TCP; remove it"));
  EXPECT_THAT(said("device = \"/dev/serial/by-path/x\"", "device = \"/d\"\nbaud = 9601"),
              HasSubstr("bus 'line-1': baud is no usual rate, got '9601'"));
  EXPECT_THAT(
      said("device = \"/dev/serial/by-path/x\"", "device = \"/d\"\nresponse_timeout = \"2s\"\nworst_latency = \"1s\""),
      HasSubstr("bus 'line-1': worst_latency is shorter than response_timeout, got '1s'"));
  EXPECT_THAT(said("device = \"/dev/serial/by-path/x\"", "device = \"ttyS0\""),
              HasSubstr("bus 'line-1': device is not an absolute path, got 'ttyS0'"));
}

TEST(Mistakes, WhatTheProvinceOwnsHasNoKeyHere) {
  EXPECT_EQ(
      said("name = \"Foundry\"", "name = \"Foundry\"\npriority_class = 1\npositive_list = true"),
      "site.toml:7:1: site: 'priority_class' is owned by the province, which keeps it by credit code; remove it here\n"
      "site.toml:8:1: site: 'positive_list' is owned by the province, which keeps it by credit code; remove it here\n");
}

TEST(Mistakes, SecretsAreRefusedAndNeverRepeated) {
  const std::string inlined = said("id = \"province\"", "id = \"province\"\nusername = \"u\"\npassword = \"hunter2\"");
  EXPECT_EQ(
      inlined,
      "site.toml:48:1: uplink 'province': 'password' must not stand in this file; put the secret into a file of its "
      "own and write password_file = \"credentials:NAME\" or key_file = \"credentials:NAME\"\n");
  EXPECT_THAT(said("id = \"province\"", "id = \"province\"\npassword = hunter2"),
              HasSubstr("site.toml:47:12: this line is not TOML (not repeated here: it may hold a secret)"));
  for (const std::string& spoken :
       {said("id = \"province\"", "id = \"province\"\nusername = \"u\"\npassword_file = \"hunter2\""),
        said("id = \"province\"", "id = \"province\"\nusername = \"u\"\npassword_file = [\"hunter2\"]"),
        said("id = \"province\"", "id = \"province\"\nPassword = hunter2"),
        said("id = \"province\"", "id = \"province\"\nsecret_token = \"hunter2\""),
        said("url = \"mqtts://broker.example.org\"", "url = \"mqtts://u:hunter2@broker.example.org\"")}) {
    EXPECT_THAT(spoken, HasSubstr("site.toml:4")) << "there must be a mistake";
    EXPECT_THAT(spoken, Not(HasSubstr("hunter2")));
  }
}

TEST(Mistakes, UplinksMustBeSafe) {
  const std::string url = "url = \"mqtts://broker.example.org\"";
  EXPECT_THAT(
      said(url, "url = \"mqtt://broker.example.org\""),
      HasSubstr("uplink 'province': url is plain text, readable on the way, got 'mqtt://broker.example.org'; write "
                "mqtts://, or insecure = true if the line is protected otherwise"));
  EXPECT_EQ(said(url, "url = \"mqtt://broker.example.org\"\ninsecure = true"), "");
  EXPECT_EQ(said(url, "url = \"mqtt://127.0.0.1:1883\""), "");
  EXPECT_THAT(said(url, url + "\ninsecure = true"), HasSubstr("insecure contradicts mqtts://"));
  EXPECT_THAT(said(url, "url = \"http://broker.example.org\""), HasSubstr("url is no broker"));
  EXPECT_THAT(said(url, "url = \"mqtt://localhost\"\nca_file = \"/ca.pem\""), HasSubstr("ca_file needs mqtts://"));
  EXPECT_THAT(said(url, url + "\ncertificate_file = \"/c.pem\""),
              HasSubstr("certificate_file and key_file belong together; write both or none"));
  EXPECT_THAT(said(url, url + "\npassword_file = \"/p\""), HasSubstr("password_file needs username"));
  EXPECT_THAT(said(url, url + "\nstreams = [\"events\"]"),
              HasSubstr("uplink 'province': no stream is called 'events'; did you mean 'event'?"));
  EXPECT_THAT(said(url, url + "\nmay = [\"write\"]"), HasSubstr("no request is called 'write'"));
  EXPECT_THAT(said(url, url + "\nkeep_alive = \"1s\""), HasSubstr("keep_alive is out of range"));
}

TEST(Mistakes, TwoUplinksHaveTwoBrokers) {
  const std::string url = "url = \"mqtts://broker.example.org\"\n";
  const auto with = [&url](const std::string& other) {
    return said(url, url + "\n[[uplink]]\nid = \"bureau\"\nstreams = [\"event\"]\nurl = \"" + other + "\"\n");
  };
  const std::string taken =
      "uplink 'bureau': url is the broker of uplink 'province' already, where a gateway has one connection, got '";
  EXPECT_THAT(with("mqtts://broker.example.org"),
              HasSubstr(taken + "mqtts://broker.example.org:8883'; write one [[uplink]] with the streams of both\n"));
  EXPECT_THAT(with("mqtts://Broker.Example.org:8883"), HasSubstr(taken));
  EXPECT_THAT(with("mqtts://broker.example.org:8884"), Not(HasSubstr("already")));
  EXPECT_THAT(with("mqtts://broker.example.com"), Not(HasSubstr("already")));
  EXPECT_THAT(with("nonsense"), Not(HasSubstr("already")));
}

TEST(Mistakes, TheSiteCardIsChecked) {
  EXPECT_THAT(said("91350100M000100Y43", "91350100M000100Y44"),
              HasSubstr("site: credit_code is no unified social credit code, got '91350100M000100Y44'; write the 18 "
                        "characters of the business licence (the last one checks the others)"));
  EXPECT_THAT(said("\"C3391\"", "\"3391\""), HasSubstr("site: industry is no industry code, got '3391'"));
  EXPECT_THAT(said("\"C3391\"", "\"U3391\""), HasSubstr("site: industry is no industry code, got 'U3391'"));
  EXPECT_THAT(said("\"C3391\"", "\"C33910\""), HasSubstr("site: industry is no industry code, got 'C33910'"));
  EXPECT_THAT(said("\"130100\"", "\"1301001\""), HasSubstr("site: region is no region code"));
  EXPECT_THAT(said("\"130100\"", "\"930100\""), HasSubstr("site: region is no region code"));
  EXPECT_THAT(said("name = \"Foundry\"", "name = \"F\"\nutc_offset = \"8\""),
              HasSubstr("site: utc_offset is no offset, got '8'; write \"+08:00\""));
  EXPECT_THAT(said("name = \"Foundry\"", "name = \"F\"\nperformance_grade = \"E\""),
              HasSubstr("site: performance_grade has no such value, got 'E'; write A, B, C or D"));
  EXPECT_THAT(said("name = \"Foundry\"", "name = \"F\"\nsecurity_load_kw = -1"),
              HasSubstr("security_load_kw is out of range"));
}

TEST(Mistakes, TreatmentNamesWhatItTreats) {
  const std::string treatment =
      "[[facility]]\nid = \"filter\"\nkind = \"treatment\"\nmeters = []\ntreats = [\"pres\"]\n";
  EXPECT_THAT(said("[[facility]]\n", treatment + "[[facility]]\n"),
              HasSubstr("facility 'filter': no production facility is called 'pres'; did you mean 'press'?"));
  EXPECT_THAT(said("kind = \"production\"", "kind = \"production\"\ntreats = []"),
              HasSubstr("facility 'press': treats is for kind = \"treatment\"; remove it"));
}

TEST(Mistakes, StoreAndApi) {
  const auto with = [](std::string_view more) { return said("[[uplink]]", std::string(more) + "\n[[uplink]]"); };
  EXPECT_THAT(with("[store]\nquota = \"4G\""), HasSubstr("store: quota is not a size, got '4G'; write a size such as"));
  EXPECT_THAT(with("[store]\nquota = \"1MB\""), HasSubstr("store: quota is out of range, got '1MB'"));
  EXPECT_THAT(with("[store]\nfolder = \"store\""), HasSubstr("store: folder is not an absolute path, got 'store'"));
  EXPECT_THAT(with("[store.retention]\nreadings = \"1d\""),
              HasSubstr("store.retention: unknown key 'readings'; did you mean 'reading'?"));
  EXPECT_THAT(with("[api]\nmetrics = \"0.0.0.0:9464\""),
              HasSubstr("api: metrics must be this machine's own address and a port"));
  EXPECT_THAT(with("[api]\nsocket = \"/" + std::string(107, 'x') + "\""), HasSubstr("api: socket is longer than 107"));
}

TEST(Mistakes, TimeServersAreNamesOrAddresses) {
  const auto with = [](std::string_view servers) {
    return said("[[uplink]]", "[device]\nntp_servers = " + std::string(servers) + "\n[[uplink]]");
  };
  EXPECT_EQ(with("[\"ntp.example.org\", \"192.168.1.20\", \"2001:db8::1\", \"Time-2\", \"::1\"]"), "");
  EXPECT_EQ(with("[\"ntp://time.example.org\"]"),
            "site.toml:46:16: device: ntp_servers are names or addresses, got 'ntp://time.example.org'; write "
            "\"ntp.example.org\" or \"192.168.1.20\", without a port\n");
  for (const auto* wrong :
       {"", " ", "a b", "a\\nmakestep 1 -1", "10.0.0.1:123", "10.0.0.256", "10.0.0", "1.2.3.4.", "-a.example", "a..b",
        "a_b", "2001:db8::1::2", "2001:db8", ":::", "1:2:3:4:5:6:7:8:9", "12345::1", "時間"})
    EXPECT_THAT(with("[\"" + std::string(wrong) + "\"]"), HasSubstr("ntp_servers are names or addresses")) << wrong;
  EXPECT_THAT(with("[\"" + std::string(254, 'a') + "\"]"), HasSubstr("ntp_servers are names or addresses"));
  EXPECT_THAT(with("[\"a\", \"a\"]"), HasSubstr("device: time server 'a' is listed twice"));
  EXPECT_THAT(with("[]"), HasSubstr("device: ntp_servers names no time server"));
  EXPECT_THAT(with("\"ntp.example.org\""), HasSubstr("device: ntp_servers must be a list of texts"));
  EXPECT_THAT(with("[1]"), HasSubstr("device: ntp_servers holds texts only, got '1'"));
  EXPECT_THAT(with(R"(["a","b","c","d","e","f","g","h","i"])"), HasSubstr("more than 8 time servers"));
  EXPECT_THAT(said("[[uplink]]", "[device]\nntp_server = [\"a\"]\n[[uplink]]"),
              HasSubstr("device: unknown key 'ntp_server'; did you mean 'ntp_servers'?"));
  EXPECT_THAT(said("[[uplink]]", "[devices]\nntp_servers = [\"a\"]\n[[uplink]]"),
              HasSubstr("unknown section 'devices'; did you mean 'device'?"));
}

TEST(Mistakes, MetersSelectPointsThatExist) {
  const auto with = [](std::string_view points) { return said("period = \"1s\"", points); };
  EXPECT_THAT(with("points = [\"activ_power.*\", \"voltage_ln.l1\"]"),
              HasSubstr("no point is called 'activ_power.*'; did you mean"));
  EXPECT_THAT(with("points = [\"model_id\"]"),
              HasSubstr("point 'model_id' is a text, which is never part of a reading"));
  EXPECT_THAT(with("count_max = 1"), HasSubstr("count_max is less than the registers of point 'active_power.l1'"));
  EXPECT_THAT(
      said("profile = \"test-meter\"", "profile = \"test-meter\"\n[meter.registers]\ncarrier = \"none\"\npoints = []"),
      HasSubstr("meter 'press-1': registers and profile exclude each other; remove one of them"));
}

TEST(Warnings, StandBesideAValidSite) {
  EXPECT_EQ(said("meters = [\"press-1\", \"plc-1\"]", "meters = [\"press-1\"]"),
            "site.toml:28:1: warning: meter 'plc-1': belongs to no facility and no account\n");
  EXPECT_EQ(said("[[uplink]]",
                 "[[facility]]\nid = \"two\"\nkind = \"auxiliary\"\nmeters = [\"plc-1\"]\n"
                 "run = { source = \"none\" }\n[[uplink]]"),
            "site.toml:28:1: warning: meter 'plc-1': belongs to 2 facilities; its energy counts for each\n");
  EXPECT_EQ(said("period = \"1s\"", "period = \"15s\""),
            "site.toml:26:10: warning: meter 'press-1': period '15s' gives a minute fewer than 6 samples\n");
  EXPECT_THAT(said("device = \"/dev/serial/by-path/x\"", "device = \"/dev/ttyUSB0\""),
              HasSubstr("warning: bus 'line-1': device '/dev/ttyUSB0' may change its name at a restart"));
  EXPECT_EQ(
      said("period = \"1s\"", "period = \"1s\"\nct_ratio = \"5/200\""),
      "site.toml:27:12: warning: meter 'press-1': ct_ratio '5/200' has its primary below its secondary; write the "
      "primary first: \"200/5\"\n");
  EXPECT_EQ(said("period = \"1s\"", "period = \"1s\"\nct_ratio = \"200/5\""), "");
  const std::string busy = replace(small_site, "period = \"1s\"", "period = \"200ms\"");
  const std::string slow = replace(busy, "\"/dev/serial/by-path/x\"", "\"/dev/serial/by-path/x\"\nbaud = 1200");
  EXPECT_EQ(print(parse_small(busy).mistakes), "");
  EXPECT_EQ(print(parse_small(slow).mistakes),
            "site.toml:10:1: bus 'line-1': its meters need 183 % of the line's time, so polls would be skipped; write "
            "period = \"1s\" in each [[meter]] of it that is faster: press-1 (200ms); or baud = 4800 in its [[bus]]\n");
  const std::string tight = replace(slow, "period = \"200ms\"", "period = \"400ms\"");
  EXPECT_EQ(
      print(parse_small(tight).mistakes),
      "site.toml:10:1: warning: bus 'line-1': its meters need 92 % of the line's time, with one of them dead 64 %, "
      "with two 64 %; write period = \"1s\" in each [[meter]] of it that is faster: press-1 (400ms); or baud = 2400 in "
      "its "
      "[[bus]]\n");
  const auto last = small_site.find("[[uplink]]");
  EXPECT_EQ(print(parse_small(small_site.substr(0, last)).mistakes),
            "site.toml:1:1: warning: site file: there is no [[uplink]], so nothing is published\n");
  EXPECT_EQ(print(parse_small("# The foundry.\n\n" + std::string(small_site.substr(0, last))).mistakes),
            "site.toml:3:1: warning: site file: there is no [[uplink]], so nothing is published\n");
}

/// The small site's press with a rated power and transformers.
std::string press(std::string_view rated, std::string_view ratio) {
  const std::string rating = "rated_power_kw = " + std::string(rated);
  const std::string plate = "period = \"1s\"\nct_ratio = \"" + std::string(ratio) + "\"";
  return print(
      parse_small(replace(replace(small_site, "rated_power_kw = 30", rating), "period = \"1s\"", plate)).mistakes);
}

TEST(Warnings, TellOfAFacilityTooSmallForItsMeter) {
  EXPECT_EQ(
      press("0.75", "200/5"),
      "site.toml:44:18: warning: facility 'press': its rated 0.75 kW behind meter 'press-1' with its 200/5 A "
      "transformers is 0.54 % of what they are made for, too little to tell running from stopped; give it smaller "
      "ones or a meter of its own\n");
  EXPECT_EQ(press("30", "200/5"), "");

  Catalogue catalogue = test_catalogue();
  for (meter::Point& point : catalogue["test-meter"].points)
    if (point.name == "active_power.total") point.unit = "kW";
  const std::string text = replace(small_site, "period = \"1s\"", "period = \"1s\"\nct_ratio = \"200/5\"");
  EXPECT_THAT(print(parse_site(text, "site.toml", catalogue).mistakes),
              HasSubstr("is read in steps of 40 kW, too coarse to tell running from stopped"));
}

/// The small site with `keys` at its press, whose profile's meters are connected so and have a register for their ratio
/// or not.
std::string connected(meter::Connection connection, bool tells_ratio, std::string_view keys) {
  Catalogue catalogue = test_catalogue();
  auto& profile = catalogue["test-meter"];
  profile.connection = connection;
  for (meter::Point& point : profile.points) point.ratio_points.clear();
  if (!tells_ratio) std::erase_if(profile.points, [](const meter::Point& it) { return it.name == "ct_ratio"; });
  const std::string text = replace(small_site, "period = \"1s\"", "period = \"1s\"\n" + std::string(keys));
  return print(parse_site(text, "site.toml", catalogue).mistakes);
}

TEST(Warnings, TellOfARatioThatADirectMeterCannotHave) {
  using meter::Connection;
  EXPECT_EQ(connected(Connection::direct, false, "ct_ratio = \"200/5\""),
            "site.toml:27:12: warning: meter 'press-1': ct_ratio '200/5' is declared, but profile 'test-meter' is of "
            "meters that are connected directly; correct the profile, or remove ct_ratio\n");
  EXPECT_EQ(connected(Connection::direct, false, "ct_ratio = \"1/1\""), "");
  EXPECT_EQ(connected(Connection::direct, false, ""), "");
  EXPECT_EQ(connected(Connection::either, false, "ct_ratio = \"200/5\""), "");
}

TEST(Warnings, TellOfATransformerMeterWithoutARatio) {
  using meter::Connection;
  EXPECT_EQ(connected(Connection::transformer, false, ""),
            "site.toml:25:11: warning: meter 'press-1': profile 'test-meter' is of meters behind current transformers "
            "and none of its points tells their ratio; write ct_ratio = \"200/5\", as on their plates\n");
  EXPECT_EQ(connected(Connection::transformer, false, "ct_ratio = \"200/5\""), "");
  EXPECT_EQ(connected(Connection::transformer, true, ""), "");
  EXPECT_EQ(connected(Connection::either, false, ""), "");
}

TEST(Warnings, TellOfAnUnverifiedProfile) {
  Catalogue catalogue = test_catalogue();
  catalogue["test-meter"].confidence = meter::Confidence::unverified;
  EXPECT_EQ(
      print(parse_site(small_site, "site.toml", catalogue).mistakes),
      "site.toml:25:11: warning: meter 'press-1': profile 'test-meter' is unverified; compare its values with the "
      "meter's display\n");
}

TEST(Mistakes, AnIssuerNamesItsUplink) {
  const auto with = [](const std::string& more) {
    return print(parse_small(std::string(small_site) + "\n[[issuer]]\nid = \"130000-energy\"\n" + more).mistakes);
  };
  EXPECT_THAT(with(""), HasSubstr("uplink = "));
  EXPECT_THAT(with("uplink = \"provinze\"\n"), HasSubstr("issuer '130000-energy': uplink does not exist"));
  EXPECT_THAT(with("uplink = \"provinze\"\n"), HasSubstr("province"));
  EXPECT_THAT(with("uplink = \"province\"\nkey = \"x\"\n"), HasSubstr("unknown key 'key'"));
}

}  // namespace
}  // namespace jidian::config

#include <gmock/gmock.h>

#include "tests/integration/uplink/fixture.hpp"

namespace jidian::test {
namespace {

using record::Stream;
using std::chrono::seconds;
using testing::HasSubstr;

class UplinkTls : public UplinkTest {
 protected:
  static const Certificates& certificates() {
    static const Certificates made;
    return made;
  }
  /// A broker with the server certificate `server` that wants certificates of our authority.
  static MosquittoOptions tls(const std::string& server) {
    MosquittoOptions options;
    options.ca_file = certificates().certificate("ca");
    options.certificate_file = certificates().certificate(server);
    options.key_file = certificates().key(server);
    return options;
  }
  static uplink::BrokerOptions client(const Mosquitto& broker, const std::string& host = "localhost") {
    uplink::BrokerOptions options;
    options.uri = "mqtts://" + host + ":" + std::to_string(broker.port());
    options.client_id = "backend";
    options.ca_file = certificates().certificate("ca");
    options.certificate_file = certificates().certificate("client");
    options.key_file = certificates().key("client");
    options.connect_timeout = seconds(5);
    return options;
  }
  uplink::Options uplink_to(const uplink::BrokerOptions& broker) const {
    auto chosen = options(broker.uri);
    chosen.broker = broker;
    chosen.broker.client_id = "box-1";
    return chosen;
  }
  /// Starts an uplink that must not get through, and what status says about it.
  std::string refusal(const uplink::BrokerOptions& broker) {
    add(Stream::reading);
    start(uplink_to(broker));
    EXPECT_TRUE(wait_for([](const auto& health) { return health.trouble.starts_with("not connected: "); }, seconds(20)))
        << health().trouble;
    EXPECT_EQ(health().connects, 0U);
    EXPECT_EQ(health().pending, 1U);
    return health().trouble;
  }
};

TEST_F(UplinkTls, BatchesAndReceiptsGoOverMutualTls) {
  const Mosquitto broker(tls("server"));
  const auto receiver = receive_with(client(broker));
  for (int count = 0; count < 10; ++count) add(Stream::reading);
  start(uplink_to(client(broker)));
  ASSERT_TRUE(wait_until_confirmed(seconds(30))) << health().trouble;
  EXPECT_TRUE(receiver->batches() == added_);
}

TEST_F(UplinkTls, AnAddressIsCheckedAgainstTheCertificateToo) {
  const Mosquitto broker(tls("server"));
  const auto receiver = receive_with(client(broker, "127.0.0.1"));
  add(Stream::reading);
  start(uplink_to(client(broker, "127.0.0.1")));
  EXPECT_TRUE(wait_until_confirmed(seconds(30))) << health().trouble;
}

TEST_F(UplinkTls, AWrongAuthorityIsRefused) {
  const Mosquitto broker(tls("server"));
  auto options = client(broker);
  options.ca_file = certificates().certificate("other-ca");
  EXPECT_EQ(refusal(options),
            "not connected: the broker's certificate was not issued by the authority in '" + options.ca_file + "'");
}

TEST_F(UplinkTls, OnlyTheGivenAuthorityIsTrustedAndNotTheSystems) {
  ::setenv("SSL_CERT_FILE", certificates().certificate("ca").c_str(), 1);  // NOLINT: before any thread of this test
  const Mosquitto broker(tls("server"));
  auto options = client(broker);
  options.ca_file = certificates().certificate("other-ca");
  EXPECT_THAT(refusal(options), HasSubstr("was not issued by the authority"));
  ::unsetenv("SSL_CERT_FILE");  // NOLINT
}

TEST_F(UplinkTls, AWrongNameIsRefused) {
  const Mosquitto broker(tls("elsewhere"));
  EXPECT_EQ(refusal(client(broker)),
            "not connected: the broker's certificate is not for 'localhost' but for broker.example");
}

TEST_F(UplinkTls, AnExpiredCertificateIsRefused) {
  const Mosquitto broker(tls("expired"));
  EXPECT_EQ(
      refusal(client(broker)),
      "not connected: the broker's certificate has expired (valid until 2020-02-01 00:00 UTC): it must be renewed, "
      "or this box's clock is wrong");
}

TEST_F(UplinkTls, ABrokerThatRefusesOurCertificateSaysSo) {
  const Mosquitto broker(tls("server"));
  auto options = client(broker);
  options.certificate_file = certificates().certificate("stranger");
  options.key_file = certificates().key("stranger");
  EXPECT_THAT(refusal(options), HasSubstr("the broker refuses this box's certificate '" + options.certificate_file));
}

TEST_F(UplinkTls, AMissingClientCertificateSaysSo) {
  const Mosquitto broker(tls("server"));
  auto options = client(broker);
  options.certificate_file.clear();
  options.key_file.clear();
  EXPECT_THAT(refusal(options), HasSubstr("the broker wants a certificate of this box"));
}

TEST_F(UplinkTls, FilesAreReadAtEachConnect) {
  const Mosquitto broker(tls("server"));
  auto options = client(broker);
  options.ca_file = (folder_.path() / "ca.pem").string();
  EXPECT_THAT(refusal(options), HasSubstr("cannot read the CA file '" + options.ca_file + "': No such file"));
  std::filesystem::copy_file(certificates().certificate("ca"), options.ca_file);
  const auto receiver = receive_with(client(broker));
  EXPECT_TRUE(wait_until_confirmed(seconds(30))) << health().trouble;
}

TEST_F(UplinkTls, AKeyOfAnotherCertificateIsRefusedBeforeConnecting) {
  const Mosquitto broker(tls("server"));
  auto options = client(broker);
  options.key_file = certificates().key("stranger");
  EXPECT_THAT(refusal(options), HasSubstr("does not go with the certificate"));
}

TEST_F(UplinkTls, APlainPortIsNotTakenForTls) {
  const Mosquitto broker;
  auto options = client(broker);
  EXPECT_THAT(refusal(options), HasSubstr("TLS handshake"));
}

}  // namespace
}  // namespace jidian::test

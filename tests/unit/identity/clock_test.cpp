#include <gmock/gmock.h>

#include "authority.hpp"
#include "identity/identity.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::identity {
namespace {

using testing::HasSubstr;

/// A box whose clock begins in 1970.
struct BoxOf1970 : testing::Test {
  BoxOf1970() { EXPECT_TRUE(folder.create(Existing::refuse)); }

  Result<Installed> install(const Wish& wish, UtcTime floor) const {
    return folder.install(province.issue(*folder.request(Which::newest, "foundry-1"), wish),
                          {"foundry-1", province.pem(), plausible_moment(UtcTime{}, floor)});
  }

  TemporaryFolder temporary;
  Folder folder{temporary.path()};
  Authority province{"province"};
};

TEST_F(BoxOf1970, TakesACertificateThatIsIssuedAfterItsLastRecord) {
  const auto installed = install({.from = today, .until = today + days{365}}, today - days{200});
  ASSERT_TRUE(installed) << installed.error().message();
}

TEST_F(BoxOf1970, RenewsAnExpiredCertificate) {
  ASSERT_TRUE(install({.from = today - days{400}, .until = today - days{35}}, today - days{399}));
  const auto moment = plausible_moment(UtcTime{}, today);
  EXPECT_LT(days_left(*folder.look()->certificate, moment), 0);
  ASSERT_TRUE(*folder.prepare_next());
  const auto renewed = install({}, today);
  ASSERT_TRUE(renewed) << renewed.error().message();
  EXPECT_TRUE(renewed->is_new_key);
  EXPECT_EQ(days_left(*folder.look()->certificate, moment), 365);
}

TEST_F(BoxOf1970, RefusesWhatHadExpiredBeforeItsLastRecord) {
  const auto installed = install({.from = today - days{400}, .until = today - days{35}}, today);
  ASSERT_FALSE(installed);
  EXPECT_THAT(installed.error().message(), HasSubstr("it has expired"));
}

TEST_F(BoxOf1970, WithoutAFloorWouldRefuseEverything) {
  const auto installed = install({}, UtcTime{});
  ASSERT_FALSE(installed);
  EXPECT_THAT(installed.error().message(), HasSubstr("1970-01-01"));
}

TEST(PlausibleMoment, AClockThatIsNotBehindIsBelieved) {
  EXPECT_EQ(plausible_moment(today, today - days{1}).now, today);
  EXPECT_FALSE(plausible_moment(today, today - days{1}).is_floor);
  EXPECT_TRUE(plausible_moment(today - days{1}, today).is_floor);
}

TEST(DaysLeft, AreWholeAndNegativeOnceItIsOver) {
  CertificateFacts certificate;
  certificate.until = today + days{30};
  EXPECT_EQ(days_left(certificate, {today}), 30);
  EXPECT_EQ(days_left(certificate, {today + Millis{1}}), 29);
  EXPECT_EQ(days_left(certificate, {today + days{30} + Millis{1}}), -1);
}

}  // namespace
}  // namespace jidian::identity

#include "store/free_pages.hpp"

#include "store/folder.hpp"
#include "store/sqlite.hpp"
#include "tests/unit/store/fixture.hpp"

namespace jidian::store {
namespace {

/// A database of 4000 rows, one a page of 1 KiB.
class FreeSpace : public testing::Test {
 protected:
  static constexpr int rows = 4000;

  FreeSpace() {
    run("PRAGMA page_size=1024; CREATE TABLE log(seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL)");
    run("WITH RECURSIVE it(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM it WHERE n<" + std::to_string(rows) +
        ") INSERT INTO log SELECT n, randomblob(900) FROM it");
    run("CREATE TABLE copy AS SELECT * FROM log");
    run("DELETE FROM copy WHERE seq=0; PRAGMA secure_delete=OFF");
  }
  void run(const std::string& sql) {
    auto db = Db::open(file_, std::filesystem::exists(file_) ? Db::Access::write : Db::Access::create);
    ASSERT_TRUE(db) << db.error().message();
    const auto done = db->run(sql);
    ASSERT_TRUE(done) << done.error().message();
  }
  std::int64_t number(const std::string& sql) {
    auto db = Db::open(file_, Db::Access::read);
    EXPECT_TRUE(db);
    const auto found = db->number(sql);
    EXPECT_TRUE(found) << found.error().message();
    return found ? *found : -1;
  }
  std::uint64_t give_back() {
    const auto given = pages_->give_back();
    EXPECT_TRUE(given) << given.error().message();
    return given ? *given : 0;
  }

  TempFolder folder_;
  std::filesystem::path file_ = folder_.path() / "rows.db";
  std::unique_ptr<FreePages> pages_;
};

TEST_F(FreeSpace, GoesInWholeBlocksAndTakesNothingThatIsInUse) {
  run("DELETE FROM log WHERE seq<=2000 OR seq%2=0");
  pages_ = FreePages::open(file_).value();
  const std::uint64_t before = file_bytes(file_);
  EXPECT_GE(give_back(), 2900U << 10);
  const std::uint64_t after = file_bytes(file_);
  EXPECT_LT(after + (1900U << 10), before) << "what stood side by side";
  EXPECT_EQ(give_back(), give_back());
  EXPECT_EQ(file_bytes(file_), after);
  EXPECT_EQ(number("SELECT count(*) FROM log"), 1000);
  EXPECT_EQ(number("SELECT count(*) FROM log JOIN copy USING (seq) WHERE log.bytes=copy.bytes"), 1000);
  EXPECT_EQ(number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check='ok'"), 1);
}

TEST_F(FreeSpace, OfAPageGoesOnceItsNeighboursWent) {
  run("DELETE FROM log WHERE seq%2=0");
  pages_ = FreePages::open(file_).value();
  give_back();
  const std::uint64_t half = file_bytes(file_);
  run("DELETE FROM log WHERE seq%2=1 AND seq<=3000");
  give_back();
  EXPECT_LT(file_bytes(file_) + (2800U << 10), half);
  EXPECT_EQ(number("SELECT count(*) FROM log JOIN copy USING (seq) WHERE log.bytes=copy.bytes"), 500);
}

}  // namespace
}  // namespace jidian::store

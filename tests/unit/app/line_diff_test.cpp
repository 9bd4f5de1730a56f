#include "app/line_diff.hpp"

#include <gtest/gtest.h>

namespace jidian::app {
namespace {

TEST(LineDiff, EqualTextsDifferInNothing) {
  EXPECT_EQ(line_diff("a\nb\n", "a\nb\n", "f"), "");
}

TEST(LineDiff, ShowsThreeLinesAroundAChange) {
  EXPECT_EQ(line_diff("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nnew\n5\n6\n7\n8\n", "f"),
            "--- f\n+++ f\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+new\n 5\n 6\n 7\n");
}

TEST(LineDiff, ChangesFarApartStandApart) {
  EXPECT_EQ(line_diff("a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\n8\nB\nC\n", "f"),
            "--- f\n+++ f\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -7,4 +7,5 @@\n 6\n 7\n 8\n-b\n+B\n+C\n");
}

TEST(LineDiff, NearChangesShareAHunk) {
  EXPECT_EQ(line_diff("a\n1\n2\nb\n", "1\n2\nB\n", "f"), "--- f\n+++ f\n@@ -1,4 +1,3 @@\n-a\n 1\n 2\n-b\n+B\n");
}

TEST(LineDiff, AMissingLastLineEndIsTold) {
  EXPECT_EQ(line_diff("a", "a\nb\n", "f"), "--- f\n+++ f\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n");
  EXPECT_EQ(line_diff("", "a\n", "f"), "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+a\n");
}

}  // namespace
}  // namespace jidian::app

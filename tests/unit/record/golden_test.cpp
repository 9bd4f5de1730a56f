#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "record/batch.hpp"
#include "record/manifest.hpp"
#include "tests/unit/record/samples.hpp"

// Bytes that once left a gateway must be read for ever: what stands in golden/ is never written anew.
namespace jidian::record {
namespace {

Bytes golden(const std::string& name) {
  std::ifstream file("tests/unit/record/golden/" + name + ".hex");
  std::string digits;
  for (std::string line; std::getline(file, line);) digits += line;
  return from_hex(digits).value_or(Bytes{});
}

std::string hash_of(const std::string& name) {
  return to_hex(sha256(golden(name)));
}

TEST(Golden, FilesAreTheOnesThatWereWritten) {
  EXPECT_EQ(hash_of("example-batch"), "c0db966fae95a92aaf895987b4b504b46fe3ff0b80af04b78e8761289c45cc97");
  EXPECT_EQ(hash_of("example-manifest"), "6649d625beb36bf1926dfa50023f095dc04cbdeb34444272e9cf58eecbb13757");
  EXPECT_EQ(hash_of("smooth"), "83afbd5dcfc239ea92df716a87b564756ecd8a1be5ed92a48788998dfea78da7");
  EXPECT_EQ(hash_of("rows"), "58870af45bcec56084d73df6b7bb3d955fdbd0f0d0042ee35f47e088bda450fe");
  EXPECT_EQ(hash_of("events"), "e4ee71626624643681a64a872c58411c0ff2cc674377bbd83fe06f7679ce6cf2");
  EXPECT_EQ(hash_of("manifest"), "b5a42e4806c6499c10451581ff209a6dda1c8e14ecbb42cd713dc7c180bd69c6");
}

TEST(Golden, ManifestsKeepTheirBytesAndSoTheirName) {
  EXPECT_EQ(encode(samples::manifest()).bytes, golden("manifest"));
  EXPECT_EQ(encode(samples::example_manifest()).bytes, golden("example-manifest"));
  EXPECT_EQ(decode_manifest(golden("manifest")).value(), samples::manifest());
}

TEST(Golden, BatchesAreReadAsTheyWere) {
  const auto manifest = samples::manifest();
  const auto example = samples::example_manifest();
  const auto batch = decode(golden("example-batch"), &example).value();
  EXPECT_EQ(batch.header, samples::example_header(Stream::reading));
  EXPECT_EQ(std::get<Polls>(batch.body), samples::example_polls());
  EXPECT_EQ(std::get<Polls>(decode(golden("smooth"), &manifest).value().body), samples::by_meter(samples::polls(60)));
  EXPECT_EQ(std::get<Rows>(decode(golden("rows"), &manifest).value().body), samples::rows());
  EXPECT_EQ(std::get<Events>(decode(golden("events"), &manifest).value().body), samples::events());
}

}  // namespace
}  // namespace jidian::record

// Reads the meter profiles named on the command line and runs their test vectors. Part of the build: a profile that
// cannot be read, or does not give its own values, is a compile error with file, line and column.

#include <fstream>
#include <iostream>
#include <sstream>

#include "config/site.hpp"

int main(int argc, char** argv) {
  using namespace jidian::config;
  bool failed = argc < 2;
  for (int i = 1; i < argc; ++i) {
    const std::string file = argv[i];
    std::ostringstream text;
    std::ifstream input(file);
    text << input.rdbuf();
    ParsedProfile parsed = parse_profile(text.str(), file);
    if (parsed.profile) {
      for (Mistake& it : check_vectors(*parsed.profile, file)) parsed.mistakes.push_back(std::move(it));
    }
    for (const Mistake& it : parsed.mistakes) {
      std::cerr << it.to_string() << "\n";
      failed = failed || !it.warning;
    }
    failed = failed || !input;
  }
  return failed ? 1 : 0;
}

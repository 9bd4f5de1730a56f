#include "app/verbs.hpp"

int main(int argc, char** argv) {
  return jidian::app::run_command_line(argc, argv);
}

#include <unistd.h>

#include <iostream>

#include "app/local_client.hpp"
#include "app/print.hpp"
#include "app/status_view.hpp"
#include "app/verbs.hpp"

namespace jidian::app {

Exit status(const Common& common) {
  const auto socket = socket_of(common);
  if (socket.empty()) return Exit::usage;
  const auto answer = LocalClient(socket).get("/v1/status");
  if (!answer) return print_failure(common, answer.error()), exit_of_asking(answer.error());

  const auto colours = isatty(STDOUT_FILENO) == 1 ? Colours::ansi : Colours::none;
  const auto view = render_status(*answer, colours);
  if (!view) return print_failure(common, view.error()), Exit::device;
  std::cout << (common.json ? *answer + "\n" : view->text);
  return view->healthy ? Exit::ok : Exit::findings;
}

}  // namespace jidian::app

#include "tool/links.hpp"

#include <iostream>

#include "link/greeting.hpp"
#include "tool/exit_codes.hpp"
#include "tool/link_table.hpp"
#include "tool/log.hpp"
#include "tool/options.hpp"
#include "tool/request.hpp"

namespace hauberk::tool {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_patience = 10s;

}  // namespace

int run_links(const links_request& what) {
  logger log("info");
  const auto failed = [&](const error& why) { return log.said(exit_code_of(why.code), why.text); };
  const auto options = read_options(what.config_file, what.options);
  if (!options) return failed(options.error());
  const auto with = asking_with(*options, what.peer);
  if (!with) return failed(with.error());
  mesh::visitor_request wish;
  wish.asks_links = true;
  const auto said = ask(*with, wish, answer_patience);
  if (!said) return log.said(not_admitted, with->address + ": " + said.error().text);
  if (const errc reason = reason_of(said->last); reason != errc::ok)
    return failed({reason, with->address + ": " + link::printable(said->last.text)});
  const link_table made = table_of(said->members, what.json);
  if (!what.json) std::cout << link::printable(said->last.text) << '\n';
  std::cout << made.text;
  return made.is_whole ? done : incomplete;
}

}  // namespace hauberk::tool

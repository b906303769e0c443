#include "simulator/mutants.hpp"

#include <cstdio>

#include "base/mutants.hpp"

namespace hauberk::simulator {

bool choose_mutant([[maybe_unused]] std::string_view name) {
#ifdef HAUBERK_MUTANTS
  for (const auto& each : base::all_mutants) {
    if (each.name == name) base::chosen_mutant = each.which;
  }
  if (has_mutant()) return true;
  std::fprintf(stderr, "no mutant is called %.*s: --mutants lists them\n", static_cast<int>(name.size()),
               name.data());
#else
  std::fprintf(stderr, "this build has no mutants: configure it with -DHAUBERK_MUTANTS=ON\n");
#endif
  return false;
}

bool has_mutant() { return !HAUBERK_MUTANT(none); }

void list_mutants() {
  for (const auto& each : base::all_mutants) {
    std::printf("%-26.*s %.*s\n", static_cast<int>(each.name.size()), each.name.data(),
                static_cast<int>(each.words.size()), each.words.data());
  }
}

}  // namespace hauberk::simulator

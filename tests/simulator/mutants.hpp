// Choosing one of the bugs of base/mutants.hpp on a command line.
#pragma once

#include <string_view>

namespace hauberk::simulator {

/// From now on the library has this bug. False, with words to stderr, when there is none of that name in
/// this build.
bool choose_mutant(std::string_view name);
/// True once one was chosen.
[[nodiscard]] bool has_mutant();
/// One line each: its name, and what it does wrong.
void list_mutants();

}  // namespace hauberk::simulator

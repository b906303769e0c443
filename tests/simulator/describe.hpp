// Messages and inputs as one line for people: what `--trace` prints.
#pragma once

#include <string>

#include "replica/replica.hpp"

namespace hauberk::simulator {

[[nodiscard]] std::string describe(const replica::envelope& message);
[[nodiscard]] std::string describe(const replica::event& told);
[[nodiscard]] std::string describe(const replica::change& what);
[[nodiscard]] std::string describe(const replica::status& now);

}  // namespace hauberk::simulator

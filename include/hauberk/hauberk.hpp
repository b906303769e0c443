// Everything: include this.
#pragma once

#include "hauberk/config.hpp"  // IWYU pragma: export
#include "hauberk/error.hpp"   // IWYU pragma: export
#include "hauberk/group.hpp"   // IWYU pragma: export
#include "hauberk/result.hpp"  // IWYU pragma: export
#include "hauberk/types.hpp"   // IWYU pragma: export

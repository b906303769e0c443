# One set of warnings for everything of ours, and all of them are errors.
add_library(hauberk_warnings INTERFACE)
target_compile_options(hauberk_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wundef -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees faults that are not there: an overlap in `"text" + std::string(…)` (GCC bug 105651), a write
  # past the end in an inlined std::vector (107852), unset members of a std::variant's other alternatives.
  # The sanitizers, valgrind and clang find the real ones.
  target_compile_options(hauberk_warnings INTERFACE
    -Wno-restrict -Wno-stringop-overflow -Wno-maybe-uninitialized)
endif()

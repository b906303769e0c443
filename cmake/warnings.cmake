# One set of warnings for everything of ours, and all of them are errors.
add_library(hauberk_warnings INTERFACE)
target_compile_options(hauberk_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wundef -Werror)

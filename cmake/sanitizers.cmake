# Builds that look for faults; each in a build folder of its own, since they apply to every target.
#   HAUBERK_SANITIZE=address,undefined | thread
#   HAUBERK_FUZZ=ON   libFuzzer with both (clang++ only); the fuzz targets themselves link -fsanitize=fuzzer
if(HAUBERK_SANITIZE)
  add_compile_options(-fsanitize=${HAUBERK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1)
  add_link_options(-fsanitize=${HAUBERK_SANITIZE})
  if(HAUBERK_SANITIZE MATCHES "undefined")
    # Its vptr check opens a pipe to probe memory, and reports nonsense where a test has used up all descriptors.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  if(HAUBERK_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio's own fences, which ThreadSanitizer does not follow; its queues hand over under a mutex as well.
    add_compile_options(-Wno-tsan)
  endif()
endif()
if(HAUBERK_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "HAUBERK_FUZZ needs clang++ (configure with -DCMAKE_CXX_COMPILER=clang++)")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -g)
  add_link_options(-fsanitize=address,undefined)
endif()

# The rooms of src/: how they become targets that cannot see each other, and how they become one library.
#
# hauberk_room(NAME [ROOMS lower...] [LIBS foreign...] [FACE public headers...] [PROTO])
#
# A room is a folder of src/ and one object library. Its include path is a folder in the build tree
# that holds a link to this room alone, and it inherits the paths of the rooms it names: a header of
# any other room cannot be found, so the compiler itself refuses an upward include. LIBS stay private to
# the room that lists them. tests/tidy proves both.
set(HAUBERK_ROOMS "" CACHE INTERNAL "")

# No path of the build machine ends up in a binary: assertions and sanitizers speak of "src/replica/core.cpp".
# The last map that fits wins.
add_library(hauberk_paths INTERFACE)
target_compile_options(hauberk_paths INTERFACE -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=
  -ffile-prefix-map=${PROJECT_BINARY_DIR}/= -ffile-prefix-map=${PROJECT_BINARY_DIR}/rooms/=)

function(hauberk_room NAME)
  cmake_parse_arguments(ARG "PROTO" "" "ROOMS;LIBS;FACE" ${ARGN})
  set(root ${PROJECT_BINARY_DIR}/rooms/${NAME})
  file(MAKE_DIRECTORY ${root}/hauberk)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src/${NAME} ${root}/${NAME} SYMBOLIC)
  if(ARG_FACE STREQUAL "*")
    file(GLOB headers RELATIVE ${PROJECT_SOURCE_DIR}/include/hauberk CONFIGURE_DEPENDS
         ${PROJECT_SOURCE_DIR}/include/hauberk/*)
  else()
    set(headers ${ARG_FACE})
  endif()
  foreach(header IN LISTS headers)
    file(CREATE_LINK ${PROJECT_SOURCE_DIR}/include/hauberk/${header} ${root}/hauberk/${header} SYMBOLIC)
  endforeach()

  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${NAME}/*.cpp
       ${PROJECT_SOURCE_DIR}/src/${NAME}/*.hpp)
  set(target hauberk_${NAME})
  add_library(${target} OBJECT ${sources})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${root}>)
  target_link_libraries(${target} PRIVATE hauberk_warnings hauberk_paths ${ARG_LIBS})
  set(sees ${ARG_ROOMS})
  foreach(room IN LISTS ARG_ROOMS)
    target_link_libraries(${target} PUBLIC hauberk_${room})
    get_target_property(lower hauberk_${room} HAUBERK_SEES)
    list(APPEND sees ${lower})
  endforeach()
  list(REMOVE_DUPLICATES sees)
  set_target_properties(${target} PROPERTIES HAUBERK_SEES "${sees}")
  if(ARG_PROTO)
    hauberk_proto(${target})
  endif()
  set(HAUBERK_ROOMS ${HAUBERK_ROOMS} ${NAME} CACHE INTERNAL "")
endfunction()

# Generated protobuf code is compiled apart from ours: it does not have to please our warnings. It lies in
# `proto/` below its include path, so that ours reads `#include "proto/….pb.h"`.
function(hauberk_proto TARGET)
  file(GLOB protos CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/proto/*.proto)
  set(out ${PROJECT_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${out}/proto)
  set(generated "")
  foreach(file IN LISTS protos)
    get_filename_component(stem ${file} NAME_WE)
    add_custom_command(OUTPUT ${out}/proto/${stem}.pb.cc ${out}/proto/${stem}.pb.h
      COMMAND protobuf::protoc --cpp_out=lite:${out}/proto -I ${PROJECT_SOURCE_DIR}/proto ${file}
      DEPENDS ${file} COMMENT "protoc ${stem}.proto")
    list(APPEND generated ${out}/proto/${stem}.pb.cc ${out}/proto/${stem}.pb.h)
  endforeach()
  add_library(hauberk_proto OBJECT ${generated})
  target_include_directories(hauberk_proto SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
  target_link_libraries(hauberk_proto PRIVATE hauberk_paths PUBLIC protobuf::libprotobuf-lite)
  target_link_libraries(${TARGET} PRIVATE hauberk_proto)
endfunction()

# All rooms in one library, `hauberk::hauberk`; `hauberk_rooms` is the same with every room's headers
# in reach, for our own tests and benches.
function(hauberk_library)
  set(objects $<TARGET_OBJECTS:hauberk_proto>)
  set(paths "")
  foreach(room IN LISTS HAUBERK_ROOMS)
    list(APPEND objects $<TARGET_OBJECTS:hauberk_${room}>)
    list(APPEND paths ${PROJECT_BINARY_DIR}/rooms/${room})
  endforeach()
  set(foreign OpenSSL::SSL OpenSSL::Crypto protobuf::libprotobuf-lite PkgConfig::HAUBERK_LZ4
      PkgConfig::HAUBERK_ZSTD Threads::Threads)
  add_library(hauberk ${objects})
  add_library(hauberk::hauberk ALIAS hauberk)
  target_include_directories(hauberk PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(hauberk PUBLIC cxx_std_20)
  target_link_libraries(hauberk PRIVATE ${foreign})
  set_target_properties(hauberk PROPERTIES LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

  add_library(hauberk_rooms INTERFACE)
  target_include_directories(hauberk_rooms INTERFACE ${paths})
  target_include_directories(hauberk_rooms SYSTEM INTERFACE ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(hauberk_rooms INTERFACE hauberk hauberk_warnings hauberk_paths Boost::headers
    ${foreign})
endfunction()

# hauberk_room(NAME [ROOMS lower...] [LIBS foreign...] [FACE public headers...] [PROTO])
#
# A room is a folder of src/ and one object library. Its include path is a folder in the build tree
# that holds a link to this room alone, and it inherits the paths of the rooms it names: a header of
# any other room cannot be found, so the compiler itself refuses an upward include.
set(HAUBERK_ROOMS "" CACHE INTERNAL "")

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

  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${NAME}/*.cpp)
  set(target hauberk_${NAME})
  add_library(${target} OBJECT ${sources})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${root}>)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:hauberk_warnings> PUBLIC ${ARG_LIBS})
  foreach(room IN LISTS ARG_ROOMS)
    target_link_libraries(${target} PUBLIC hauberk_${room})
  endforeach()
  if(ARG_PROTO)
    hauberk_proto(${target})
  endif()
  set(HAUBERK_ROOMS ${HAUBERK_ROOMS} ${NAME} CACHE INTERNAL "")
endfunction()

# Generated protobuf code is compiled apart from ours: it does not have to please our warnings.
function(hauberk_proto TARGET)
  file(GLOB protos CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/proto/*.proto)
  set(out ${PROJECT_BINARY_DIR}/proto)
  file(MAKE_DIRECTORY ${out}/proto)
  set(generated "")
  foreach(file IN LISTS protos)
    get_filename_component(stem ${file} NAME_WE)
    add_custom_command(OUTPUT ${out}/proto/${stem}.pb.cc ${out}/proto/${stem}.pb.h
      COMMAND protobuf::protoc --cpp_out=lite:${out}/proto -I ${PROJECT_SOURCE_DIR}/proto ${file}
      DEPENDS ${file} COMMENT "protoc ${stem}.proto")
    list(APPEND generated ${out}/proto/${stem}.pb.cc)
  endforeach()
  add_library(hauberk_proto OBJECT ${generated})
  target_include_directories(hauberk_proto SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
  target_link_libraries(hauberk_proto PUBLIC protobuf::libprotobuf-lite)
  target_link_libraries(${TARGET} PUBLIC hauberk_proto)
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
  add_library(hauberk ${objects})
  add_library(hauberk::hauberk ALIAS hauberk)
  target_include_directories(hauberk PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(hauberk PRIVATE OpenSSL::SSL OpenSSL::Crypto protobuf::libprotobuf-lite
    PkgConfig::LZ4 PkgConfig::ZSTD Threads::Threads)
  set_target_properties(hauberk PROPERTIES LINKER_LANGUAGE CXX)

  add_library(hauberk_rooms INTERFACE)
  target_include_directories(hauberk_rooms INTERFACE ${paths} ${PROJECT_BINARY_DIR}/proto)
  target_link_libraries(hauberk_rooms INTERFACE hauberk hauberk_warnings Boost::headers OpenSSL::SSL
    OpenSSL::Crypto protobuf::libprotobuf-lite PkgConfig::LZ4 PkgConfig::ZSTD Threads::Threads)
endfunction()

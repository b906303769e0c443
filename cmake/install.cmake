# `cmake --install`: the library, its public headers, a CMake package (`find_package(hauberk)` gives
# `hauberk::hauberk`) and hauberk.pc. What is installed can be moved: nothing in it names a folder of the
# machine it was built on.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/hauberk)

install(TARGETS hauberk EXPORT hauberk
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/hauberk DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT hauberk NAMESPACE hauberk:: FILE hauberkTargets.cmake DESTINATION ${package_folder})

get_target_property(kind hauberk TYPE)
if(kind STREQUAL "STATIC_LIBRARY")
  set(HAUBERK_IS_STATIC TRUE)
else()
  set(HAUBERK_IS_STATIC FALSE)
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/hauberkConfig.cmake.in
  ${PROJECT_BINARY_DIR}/package/hauberkConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/hauberkConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/hauberkConfig.cmake
  ${PROJECT_BINARY_DIR}/package/hauberkConfigVersion.cmake DESTINATION ${package_folder})

# From the folder of hauberk.pc back to the prefix, one `..` for each part of the way.
string(REGEX REPLACE "[^/]+" ".." up "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
configure_file(${CMAKE_CURRENT_LIST_DIR}/hauberk.pc.in ${PROJECT_BINARY_DIR}/package/hauberk.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/hauberk.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

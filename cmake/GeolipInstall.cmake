# Installation and the package that find_package(geolip) finds.
include(CMakePackageConfigHelpers)

# A static geolip needs the checker that it links. Readers of files are a library of their own, geolip::formats.
install(TARGETS geolip geolip_formats geolip_verify EXPORT geolipTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include/geolip DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp")
install(FILES ${PROJECT_BINARY_DIR}/include/geolip/version.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/geolip)
install(EXPORT geolipTargets NAMESPACE geolip:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/geolip)
get_target_property(_geolip_type geolip TYPE)
string(COMPARE EQUAL "${_geolip_type}" STATIC_LIBRARY GEOLIP_STATIC)
configure_package_config_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/geolipConfig.cmake.in
  ${PROJECT_BINARY_DIR}/geolipConfig.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/geolip)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/geolipConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/geolipConfig.cmake ${PROJECT_BINARY_DIR}/geolipConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/geolip)
if(GEOLIP_BUILD_CLI)
  install(TARGETS geolip_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

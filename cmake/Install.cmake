# What `cmake --install` puts under a prefix: the program, both libraries, their headers, and what find_package(kiln) reads.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
include(CMakePackageConfigHelpers)
set(KILN_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/kiln)

install(TARGETS kiln_program RUNTIME)
install(TARGETS kiln_actions LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/kiln)
install(DIRECTORY src/kiln TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE TYPE DOC)
set(completions ${PROJECT_BINARY_DIR}/apps/kiln/completions)
install(FILES ${completions}/bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME kiln)
install(FILES ${completions}/zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _kiln)
install(FILES ${completions}/fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d RENAME kiln.fish)

# Two export sets, so that find_package(kiln COMPONENTS base) needs no LibTorch.
foreach(library kiln_base kiln)
  install(TARGETS ${library} EXPORT ${library} ARCHIVE)
  install(EXPORT ${library} FILE ${library}-targets.cmake NAMESPACE kiln:: DESTINATION ${KILN_CMAKE_DIR})
endforeach()

configure_package_config_file(cmake/kilnConfig.cmake.in ${PROJECT_BINARY_DIR}/kilnConfig.cmake INSTALL_DESTINATION ${KILN_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kilnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kilnConfig.cmake ${PROJECT_BINARY_DIR}/kilnConfigVersion.cmake DESTINATION ${KILN_CMAKE_DIR})

# Installs the build, moves the prefix elsewhere, builds examples/use_installed against it and checks the number it prints.
# Needs BUILD_DIR, SOURCE_DIR, WORK_DIR and LAUNCHER (a compiler cache, or nothing).
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(status)
    message(FATAL_ERROR "failed (${status}): ${ARGN}\n${said}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

function(expect_number said low high)
  if(NOT "${said}" MATCHES "^[0-9.]+\n$" OR said LESS low OR said GREATER high)
    message(FATAL_ERROR "expected a number in [${low}, ${high}], got: ${said}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${WORK_DIR}/first)
file(RENAME ${WORK_DIR}/first ${WORK_DIR}/prefix)

# What is installed works wherever it is moved, and hands none of our own warnings to others.
file(GLOB_RECURSE texts ${WORK_DIR}/prefix/*.cmake ${WORK_DIR}/prefix/*.h)
foreach(text IN LISTS texts)
  file(READ ${text} content)
  foreach(private "${BUILD_DIR}" "${SOURCE_DIR}/src" "kiln_flags" "-Wall" "nlohmann")
    string(FIND "${content}" "${private}" place)
    if(NOT place EQUAL -1)
      message(FATAL_ERROR "${text} holds \"${private}\"")
    endif()
  endforeach()
endforeach()

function(build_against_prefix source name)
  run(${CMAKE_COMMAND} -G Ninja -S ${source} -B ${WORK_DIR}/${name} -DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix
      -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} ${ARGN})
  run(${CMAKE_COMMAND} --build ${WORK_DIR}/${name})
endfunction()

run(${WORK_DIR}/prefix/bin/kiln train nade --data bars:size=3 --hidden 4 --steps 20 --out ${WORK_DIR}/run --quiet)
build_against_prefix(${SOURCE_DIR}/examples/use_installed use_installed)
run(${WORK_DIR}/use_installed/use_installed ${WORK_DIR}/run)
expect_number("${said}" 0.99999 1.00001)

# The torch-free half builds where LibTorch cannot be found.
build_against_prefix(${SOURCE_DIR}/tests/install/base base -DCMAKE_DISABLE_FIND_PACKAGE_Torch=ON)
run(${WORK_DIR}/base/use_base)
expect_number("${said}" 784 784)

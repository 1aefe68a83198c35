# Run by ctest, see CMakeLists.txt. Fails with the output of the first command that fails.
function(run)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE out ERROR_VARIABLE out RESULT_VARIABLE result)
  if(result)
    message(FATAL_ERROR "${ARGN}: ${result}\n${out}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
set(prefix ${WORK_DIR}/prefix)
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix})
run(${CMAKE_COMMAND} -S ${SOURCE_DIR} -B ${WORK_DIR}/build -G "${GENERATOR}" -DCMAKE_PREFIX_PATH=${prefix}
    -DCMAKE_CXX_COMPILER=${CXX_COMPILER} -DCMAKE_BUILD_TYPE=${BUILD_TYPE})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${WORK_DIR}/build/consumer)

# Output 0 of the consumer's network has FGL 14.5: the pattern (off, on, on) has the gradient (3.5, -11).
if(NOT out MATCHES "output 0: ([0-9.]+) <= FGL <= ([0-9.]+)")
  message(FATAL_ERROR "the consumer printed no bound of output 0:\n${out}")
endif()
if(CMAKE_MATCH_1 GREATER 14.500001 OR CMAKE_MATCH_2 LESS 14.499999)
  message(FATAL_ERROR "the consumer's bounds of output 0 do not hold 14.5:\n${out}")
endif()
message("${out}")

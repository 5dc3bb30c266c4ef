# Trains a tiny run, then lets the example load it: samples of 4x4 bars have between none and all pixels on.
file(REMOVE_RECURSE ${FOLDER})
execute_process(COMMAND ${KILN} train nade --data bars --steps 20 --hidden 4 --out ${FOLDER}/run --quiet COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${EXAMPLE} ${FOLDER}/run OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
if(NOT said MATCHES "^nade at step [0-9]+: 16 samples with mean 0\\.[0-9]+\n$")
  message(FATAL_ERROR "unexpected: ${said}")
endif()

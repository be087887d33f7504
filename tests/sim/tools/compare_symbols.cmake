# Whether what the stand-in exports exists, by name and version, in NVIDIA's library of that version
# node. usage: cmake -DNM=nm -DSTAND_IN=libcudasim.so -DREAL=libcudart.so.13 -DNODE=libcudart.so.13
#   -P compare_symbols.cmake
cmake_minimum_required(VERSION 3.25)

function(read_symbols file result)
  execute_process(COMMAND ${NM} -D --defined-only --with-symbol-versions ${file}
    OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" lines "${text}")
  set(symbols)
  foreach(line ${lines})
    # Absolute symbols are the version nodes themselves.
    if(line MATCHES " [TtWVDBRi] ([^ ]+)$")
      list(APPEND symbols "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  set(${result} "${symbols}" PARENT_SCOPE)
endfunction()

read_symbols(${STAND_IN} own)
# Ours alone: what tests ask of the stand-in.
list(FILTER own EXCLUDE REGEX "^cudasim_")
list(FILTER own INCLUDE REGEX "@@${NODE}$")
list(LENGTH own count)
if(count EQUAL 0)
  message(FATAL_ERROR "${STAND_IN} exports nothing of version ${NODE}")
endif()
read_symbols(${REAL} real)
if(NOT "${real}" MATCHES "@@${NODE}(;|$)")
  # The library has no versions (NCCL): a program asks it for names alone.
  list(TRANSFORM own REPLACE "@@.*" "")
endif()
set(missing ${own})
list(REMOVE_ITEM missing ${real})
if(missing)
  list(JOIN missing "\n  " missing)
  message(FATAL_ERROR "not in ${REAL}:\n  ${missing}")
endif()
message(STATUS "${count} symbols of ${NODE} are in ${REAL}")

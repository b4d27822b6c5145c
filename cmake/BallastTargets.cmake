# How our own targets are made: warnings are errors, sanitizers by option, includes rooted at the repository.
# CMAKE_UNITY_BUILD=ON compiles several files of a library at once: a whole build takes half the time, one changed file more.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 6)
option(BALLAST_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)

function(ballast_compile_settings target)
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}")
  # Structs with designated initialisers stand for long parameter lists: a field left out has its default.
  # -Wrestrict of g++ 12 is wrong about string concatenation (GCC bug 105651).
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wshadow;-Wnon-virtual-dtor;-Werror;-Wno-missing-field-initializers;-Wno-restrict>
    $<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings;-Xcompiler=-Wall>)
  # A unity file looks like a header to this warning.
  if(CMAKE_UNITY_BUILD)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
  endif()
  if(BALLAST_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
endfunction()

# ballast_library(NAME SOURCES a.cpp ... LINK lib ... [VENDOR lib ...] [TORCH])
# VENDOR: libraries that no header names, so that their include paths and flags stay in this folder.
# TORCH: the folder includes torch headers and shares the one precompiled header.
function(ballast_library name)
  cmake_parse_arguments(arg "TORCH" "" "SOURCES;LINK;VENDOR" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  ballast_compile_settings(${name})
  target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE ${arg_VENDOR})
  if(arg_TORCH)
    ballast_use_torch(${name})
  endif()
endfunction()

# ballast_precompiled_header(NAME HEADER h [LINK lib ...] [OPTIONS option ...]): for targets with these options.
function(ballast_precompiled_header name)
  cmake_parse_arguments(arg "" "HEADER" "LINK;OPTIONS" ${ARGN})
  add_library(${name} STATIC "${PROJECT_SOURCE_DIR}/cmake/precompiled_header.cpp")
  ballast_compile_settings(${name})
  target_compile_options(${name} PRIVATE ${arg_OPTIONS})
  target_link_libraries(${name} PUBLIC ${arg_LINK})
  target_precompile_headers(${name} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/${arg_HEADER}")
endfunction()

# Without OpenMP at::parallel_for, all of it in headers, has one thread.
set(ballast_torch_options $<$<COMPILE_LANGUAGE:CXX>:${OpenMP_CXX_FLAGS}>)

function(ballast_use_torch target)
  target_link_libraries(${target} PUBLIC ballast_torch)
  target_compile_options(${target} PRIVATE ${ballast_torch_options})
  target_precompile_headers(${target} REUSE_FROM ballast_torch_pch)
endfunction()

# Tests spend their time in what they test: compiling them fast is worth more than their own speed.
# (-Wmaybe-uninitialized of g++ 12 is wrong about moved maps at -O1.)
set(ballast_test_options $<$<CONFIG:Release>:-O1;-Wno-maybe-uninitialized>)

set(ballast_gpu_test_environment OMP_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1)
# What is no test of a GPU runs on the CPU, also where there is a GPU: `device: auto` must not see it.
set(ballast_test_environment ${ballast_gpu_test_environment} "CUDA_VISIBLE_DEVICES=")

# Tests whose code is another one in a build for GPUs: those that link LibTorch, and those that need a GPU. They have the
# label `device` beside their own.
add_custom_target(device_tests)

# ballast_test(NAME SOURCES a.cpp ... LINK lib ... LABEL unit|distributed|golden|gpu [RANKS n] [TORCH] [TIMEOUT s]
#              [MPI_ARGS arg ... VARIANT word] [ARGS arg ...])
# RANKS: the test program runs under mpirun with that many ranks (it calls MPI_Init itself), with MPI_ARGS if given.
# VARIANT ends the test's name, where one program runs several times with the same RANKS. ARGS go to the program.
function(ballast_test name)
  cmake_parse_arguments(arg "TORCH" "LABEL;RANKS;TIMEOUT;VARIANT" "SOURCES;LINK;MPI_ARGS;ARGS" ${ARGN})
  if(NOT TARGET ${name})
    add_executable(${name} ${arg_SOURCES})
    ballast_compile_settings(${name})
    target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gmock)
    if(NOT arg_RANKS)
      target_link_libraries(${name} PRIVATE GTest::gtest_main)
    endif()
    target_compile_options(${name} PRIVATE ${ballast_test_options})
    set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)  # tests of one folder name their cases alike
    if(arg_TORCH)
      target_link_libraries(${name} PRIVATE ballast_torch)
      target_compile_options(${name} PRIVATE ${ballast_torch_options})
      target_precompile_headers(${name} REUSE_FROM ballast_torch_test_pch)
    else()
      target_precompile_headers(${name} REUSE_FROM ballast_test_pch)
    endif()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set(test_name ${name})
  set(command $<TARGET_FILE:${name}>)
  set(processors 1)
  if(arg_RANKS)
    set(test_name ${name}_${arg_RANKS}_ranks)
    set(processors ${arg_RANKS})
    set(command ${MPIEXEC_EXECUTABLE} --oversubscribe -n ${arg_RANKS} ${arg_MPI_ARGS} $<TARGET_FILE:${name}>)
  endif()
  if(arg_VARIANT)
    string(APPEND test_name _${arg_VARIANT})
  endif()
  set(labels ${arg_LABEL})
  if(arg_LABEL STREQUAL gpu OR (arg_LABEL STREQUAL unit AND arg_TORCH))
    list(APPEND labels device)
    add_dependencies(device_tests ${name})
  endif()
  add_test(NAME ${test_name} COMMAND ${command} ${arg_ARGS} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set(environment ${ballast_test_environment})
  if(arg_LABEL STREQUAL gpu)
    set(environment ${ballast_gpu_test_environment})
  endif()
  set_tests_properties(${test_name} PROPERTIES
    LABELS "${labels}" TIMEOUT ${arg_TIMEOUT} PROCESSORS ${processors} ENVIRONMENT "${environment}")
  # A test that needs a GPU and finds none has not passed.
  if(arg_LABEL STREQUAL gpu)
    set_tests_properties(${test_name} PROPERTIES SKIP_REGULAR_EXPRESSION "no CUDA device")
  endif()
endfunction()

ballast_precompiled_header(ballast_torch_pch HEADER torch_pch.h LINK ballast_torch OPTIONS ${ballast_torch_options})
ballast_precompiled_header(ballast_test_pch HEADER test_pch.h LINK GTest::gmock OPTIONS ${ballast_test_options})
ballast_precompiled_header(ballast_torch_test_pch HEADER torch_test_pch.h LINK ballast_torch GTest::gmock
  OPTIONS ${ballast_test_options} ${ballast_torch_options})

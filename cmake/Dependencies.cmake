# Where each library comes from. LibTorch and Open MPI are Python wheels in BALLAST_VENV (override Torch_DIR or
# MPI_CXX_COMPILER and MPIEXEC_EXECUTABLE to use others); everything else is a system package.
set(BALLAST_VENV "${PROJECT_SOURCE_DIR}/.venv" CACHE PATH "Python environment that holds the LibTorch and Open MPI wheels")

if(NOT Torch_DIR)
  file(GLOB ballast_torch_config "${BALLAST_VENV}/lib/python3*/site-packages/torch/share/cmake/Torch")
  set(Torch_DIR "${ballast_torch_config}" CACHE PATH "Folder of TorchConfig.cmake" FORCE)
endif()
if(NOT MPI_CXX_COMPILER AND EXISTS "${BALLAST_VENV}/bin/mpicxx")
  set(MPI_CXX_COMPILER "${BALLAST_VENV}/bin/mpicxx" CACHE FILEPATH "MPI compiler wrapper")
  set(MPIEXEC_EXECUTABLE "${BALLAST_VENV}/bin/mpirun" CACHE FILEPATH "MPI launcher")
endif()
set(MPI_CXX_SKIP_MPICXX ON)

option(BALLAST_CUDA "Build for NVIDIA GPUs, with a LibTorch that was made for CUDA" OFF)
if(BALLAST_CUDA)
  include(CudaDependencies)
endif()

find_package(Threads REQUIRED)
find_package(Torch REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(MPI REQUIRED COMPONENTS CXX)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(zeromq REQUIRED IMPORTED_TARGET libzmq)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(sentencepiece REQUIRED IMPORTED_TARGET sentencepiece)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)

# LibTorch ships its own, newer fmt headers; only the header-only form agrees with them everywhere.
find_package(fmt REQUIRED)
add_library(ballast_fmt INTERFACE)
target_link_libraries(ballast_fmt INTERFACE fmt::fmt-header-only)

# Third-party headers must not trip our warnings.
add_library(ballast_torch INTERFACE)
target_link_libraries(ballast_torch INTERFACE ${TORCH_LIBRARIES} ballast_fmt)
target_include_directories(ballast_torch SYSTEM BEFORE INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(ballast_torch INTERFACE ${OpenMP_CXX_LIBRARIES})  # LibTorch brings its own copy
if(BALLAST_CUDA)
  target_link_libraries(ballast_torch INTERFACE ballast_cuda)
endif()

# CUDA and NCCL. The compiler, the runtime and its headers are the toolkit's; cuBLAS, nvrtc and NCCL come as wheels beside
# LibTorch's. Included before LibTorch is looked for, whose own CMake code reads the CUDA_* variables that are set here.
find_program(BALLAST_NVCC nvcc PATHS /usr/local/cuda/bin NO_DEFAULT_PATH DOC "The CUDA compiler")
find_program(BALLAST_NVCC nvcc REQUIRED)
set(CMAKE_CUDA_COMPILER "${BALLAST_NVCC}" CACHE FILEPATH "The CUDA compiler")
get_filename_component(ballast_nvcc_folder "${BALLAST_NVCC}" DIRECTORY)
get_filename_component(ballast_cuda_root "${ballast_nvcc_folder}/.." REALPATH)
set(CUDA_TOOLKIT_ROOT_DIR "${ballast_cuda_root}" CACHE PATH "Folder of the CUDA toolkit")
# One runtime in the process: the one that LibTorch loads.
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
# CMake before 3.26 does not know that nvcc has C++20.
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
# Ampere and Hopper, and code that later GPUs translate for themselves.
set(TORCH_CUDA_ARCH_LIST "8.0;9.0+PTX" CACHE STRING "GPU architectures to compile for")

# site-packages: three levels above torch/share/cmake/Torch.
get_filename_component(ballast_wheels "${Torch_DIR}/../../../.." ABSOLUTE)
find_library(CUDA_nvrtc_LIBRARY NAMES nvrtc libnvrtc.so.13 libnvrtc.so.12
  PATHS "${ballast_wheels}/nvidia/cu13/lib" "${ballast_wheels}/nvidia/cuda_nvrtc/lib" "${CUDA_TOOLKIT_ROOT_DIR}/lib64" REQUIRED)
# The wheel of NCCL has no libnccl.so, only the library by its version's name.
find_library(BALLAST_NCCL_LIBRARY NAMES nccl libnccl.so.2 PATHS "${ballast_wheels}/nvidia/nccl/lib" REQUIRED)
find_path(BALLAST_NCCL_INCLUDE nccl.h PATHS "${ballast_wheels}/nvidia/nccl/include" REQUIRED)
file(GLOB ballast_wheel_includes "${ballast_wheels}/nvidia/*/include")
file(GLOB ballast_wheel_libraries LIST_DIRECTORIES true "${ballast_wheels}/nvidia/*/lib")

# The toolkit's headers come first: the wheels' are for what the toolkit lacks.
add_library(ballast_cuda INTERFACE)
target_link_libraries(ballast_cuda INTERFACE CUDA::cudart)
target_include_directories(ballast_cuda SYSTEM INTERFACE
  "${CUDA_TOOLKIT_ROOT_DIR}/include" ${ballast_wheel_includes})
foreach(folder IN LISTS ballast_wheel_libraries)
  target_link_options(ballast_cuda INTERFACE "LINKER:-rpath-link,${folder}")
endforeach()

# For the one file that talks to NCCL.
add_library(ballast_nccl INTERFACE)
target_link_libraries(ballast_nccl INTERFACE ballast_cuda "${BALLAST_NCCL_LIBRARY}")
target_include_directories(ballast_nccl SYSTEM INTERFACE "${BALLAST_NCCL_INCLUDE}")

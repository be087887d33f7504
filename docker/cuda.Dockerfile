# Keen on NVIDIA GPUs: Debian 12 with NVIDIA's repository for the toolkit, cuDNN and NCCL; code for every architecture that
# Keen supports. The tests of the build run on the simulated CUDA; on a machine with a GPU, and a driver for CUDA 13:
#
#   docker build -f docker/cuda.Dockerfile -t keen:cuda .
#   docker run --rm --gpus all keen:cuda tests/gpu_acceptance.sh --build build/cuda
#
# Nobody has built this image yet: no machine with a container engine and NVIDIA's repository was at hand.
FROM debian:12
RUN apt-get update && apt-get install --no-install-recommends -y ca-certificates curl git && rm -rf /var/lib/apt/lists/*
RUN curl -fsSLo /tmp/keyring.deb \
      https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64/cuda-keyring_1.1-1_all.deb \
 && dpkg -i /tmp/keyring.deb && rm /tmp/keyring.deb \
 && apt-get update \
 && apt-get install --no-install-recommends -y \
      cuda-nvcc-13-0 cuda-cudart-dev-13-0 cuda-nvtx-13-0 cuda-cccl-13-0 libcublas-dev-13-0 \
      cudnn9-cuda-13 libcudnn9-dev-cuda-13 libnccl2 libnccl-dev cuda-sanitizer-13-0 \
 && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/local/cuda/bin:$PATH
WORKDIR /keen
COPY docker/provision.sh docker/
RUN docker/provision.sh
COPY . .
RUN cmake --preset cuda && cmake --build --preset cuda && ctest --preset cuda

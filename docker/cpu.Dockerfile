# Keen on CPUs: what the README's two commands need, built and tested.
#
#   docker build -f docker/cpu.Dockerfile -t keen:cpu .
#   docker run --rm keen:cpu build/test/bin/train_fashion_mnist
FROM debian:12
RUN apt-get update && apt-get install --no-install-recommends -y ca-certificates git && rm -rf /var/lib/apt/lists/*
WORKDIR /keen
COPY docker/provision.sh docker/
RUN docker/provision.sh
COPY . .
RUN cmake --preset test -DKEEN_CUDA=OFF && cmake --build --preset test && ctest --preset test -L cpu

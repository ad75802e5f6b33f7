#!/usr/bin/env bash
# make lint, make format (--fix): the toolchain's swift-format over our sources.
set -euo pipefail
cd "$(dirname "$0")/../.."
sources=(Package.swift Services Shared Tests Tools)
[[ ! -e Benchmarks ]] || mapfile -t -O ${#sources[@]} sources < <(find Benchmarks -name '*.swift' -not -path '*/.build/*')
if [[ ${1:-} == --fix ]]; then
    exec swift format format --in-place --recursive --parallel "${sources[@]}"
fi
exec swift format lint --strict --recursive --parallel "${sources[@]}"

"""Prints a graph of the nn level that is a chain of as many ops as the argument says."""

import sys

LENGTH = int(sys.argv[1])
TYPE = "tensor<1x64xf32>"
print(f"inlay_nn.graph @chain(%0: {TYPE}) -> {TYPE}")
print('    attributes {arg_names = ["x"], result_names = ["y"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {')
for at in range(LENGTH):
    print(f"  %{at + 1} = inlay_nn.unary silu %{at} : {TYPE} -> {TYPE}")
print(f"  inlay_nn.return %{LENGTH} : {TYPE}\n}}")

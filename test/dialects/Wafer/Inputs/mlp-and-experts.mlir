// Two kernels: an MLP that holds a weight and a state, and four experts.
ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16384, encoding = raw>) : tensor<64x64xf32>
ml_program.global private @fc1(#inlay_onnx.weight<file = "m.data", offset = 16384, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
ml_program.global private @fc3(#inlay_onnx.weight<file = "m.data", offset = 81920, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
ml_program.global private @fc2(#inlay_onnx.weight<file = "m.data", offset = 147456, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  inlay_dataflow.state @past : tensor<1x1x8x64xf32>
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x64xf32>>
  %p = inlay_dataflow.source "weights" : !inlay_dataflow.stream<tensor<1x2xf32>>
  %c = inlay_dataflow.source "indices" : !inlay_dataflow.stream<tensor<1x2xi64>>
  %0 = inlay_dataflow.kernel @mlp role(mlp) layer(0)
      (%in = %x : !inlay_dataflow.stream<tensor<1x64xf32>>)
      weights(%w = @w : tensor<64x64xf32>)
      states(%past = @past : tensor<1x1x7x64xf32>)
      -> !inlay_dataflow.stream<tensor<1x64xf32>> {
    %y = inlay_nn.linear %in, %w : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    %new = inlay_nn.reshape %y : tensor<1x64xf32> -> tensor<1x1x1x64xf32>
    %present = inlay_nn.concat %past, %new {axis = 2 : i64} : (tensor<1x1x7x64xf32>, tensor<1x1x1x64xf32>) -> tensor<1x1x8x64xf32>
    inlay_dataflow.yield %y : tensor<1x64xf32> states %present : tensor<1x1x8x64xf32>
  }
  %1 = inlay_dataflow.experts @moe layer(1) num_experts(4) experts_per_token(2)
      (%in = %0 : !inlay_dataflow.stream<tensor<1x64xf32>>, %q = %p : !inlay_dataflow.stream<tensor<1x2xf32>>, %i = %c : !inlay_dataflow.stream<tensor<1x2xi64>>)
      weights(%fc1 = @fc1 : tensor<4x64x64xf32>, %fc2 = @fc2 : tensor<4x64x64xf32>, %fc3 = @fc3 : tensor<4x64x64xf32>)
      -> !inlay_dataflow.stream<tensor<1x64xf32>> {
    %y = inlay_nn.experts swiglu %in, %q, %i fc1 %fc1 fc2 %fc2 fc3 %fc3 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32>
    inlay_dataflow.yield %y : tensor<1x64xf32>
  }
  inlay_dataflow.sink "y" %1 : !inlay_dataflow.stream<tensor<1x64xf32>>
}

// Three linears, one after the other.
ml_program.global private @wa(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16384, encoding = raw>) : tensor<64x64xf32>
ml_program.global private @wb(#inlay_onnx.weight<file = "m.data", offset = 16384, length = 16384, encoding = raw>) : tensor<64x64xf32>
ml_program.global private @wc(#inlay_onnx.weight<file = "m.data", offset = 32768, length = 16384, encoding = raw>) : tensor<64x64xf32>
ml_program.global private @wd(#inlay_onnx.weight<file = "m.data", offset = 49152, length = 16384, encoding = raw>) : tensor<64x64xf32>
inlay_dataflow.graph @main phase(decode) batch(1) context(0) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x64xf32>>
  %0 = inlay_dataflow.kernel @a role(mlp) layer(0)
      (%in = %x : !inlay_dataflow.stream<tensor<1x64xf32>>)
      weights(%w = @wa : tensor<64x64xf32>, %v = @wb : tensor<64x64xf32>)
      -> !inlay_dataflow.stream<tensor<1x64xf32>> {
    %y = inlay_nn.linear %in, %w : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    %z = inlay_nn.linear %y, %v : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    inlay_dataflow.yield %z : tensor<1x64xf32>
  }
  %1 = inlay_dataflow.kernel @b role(mlp) layer(1)
      (%in = %0 : !inlay_dataflow.stream<tensor<1x64xf32>>)
      weights(%w = @wc : tensor<64x64xf32>)
      -> !inlay_dataflow.stream<tensor<1x64xf32>> {
    %y = inlay_nn.linear %in, %w : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    inlay_dataflow.yield %y : tensor<1x64xf32>
  }
  %2 = inlay_dataflow.kernel @c role(mlp) layer(2)
      (%in = %1 : !inlay_dataflow.stream<tensor<1x64xf32>>)
      weights(%w = @wd : tensor<64x64xf32>)
      -> !inlay_dataflow.stream<tensor<1x64xf32>> {
    %y = inlay_nn.linear %in, %w : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    inlay_dataflow.yield %y : tensor<1x64xf32>
  }
  inlay_dataflow.sink "y" %2 : !inlay_dataflow.stream<tensor<1x64xf32>>
}

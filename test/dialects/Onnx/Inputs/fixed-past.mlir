// A past whose length is no symbol.
inlay_onnx.graph @main(%q: tensor<1x1x64xf32>, %k: tensor<1x1x32xf32>, %past: tensor<1x2x4x16xf32>)
    -> tensor<1x1x64xf32> attributes {arg_names = ["q", "k", "past"], result_names = ["y"]} {
  %0:3 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%q, %k, %k, %past, %past) {attributes = {kv_num_heads = 2 : i64, num_heads = 4 : i64}} : (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<1x1x32xf32>, tensor<1x2x4x16xf32>, tensor<1x2x4x16xf32>) -> (tensor<1x1x64xf32>, tensor<*xf32>, tensor<*xf32>) loc("/layers.0/attn")
  inlay_onnx.return %0#0 : tensor<1x1x64xf32>
}

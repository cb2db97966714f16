inlay_onnx.graph @main(%a: tensor<?xf32, #inlay_onnx.dims<"(n">>)
    -> tensor<?xf32, #inlay_onnx.dims<"(n">>
    attributes {arg_names = ["a"], result_names = ["y"]} {
  %0 = inlay_onnx.node "Neg"(%a) : (tensor<?xf32, #inlay_onnx.dims<"(n">>) -> tensor<?xf32, #inlay_onnx.dims<"(n">>
  inlay_onnx.return %0 : tensor<?xf32, #inlay_onnx.dims<"(n">>
}

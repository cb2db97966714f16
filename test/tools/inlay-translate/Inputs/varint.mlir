module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 8, encoding = varint>) : tensor<8xi64>
  inlay_onnx.graph @g() -> tensor<8xi64> attributes {arg_names = [], result_names = ["y"]} {
    %0 = ml_program.global_load_const @w : tensor<8xi64>
    inlay_onnx.return %0 : tensor<8xi64>
  }
}

// Norms in all spellings become one op; near misses do not.
// RUN: inlay-opt %s --raise-to-nn --verify-nn -split-input-file | FileCheck %s

// As torch writes it for f16: up, square, mean, epsilon, root, divide, down, gamma.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  ml_program.global private @g(#inlay_onnx.weight<file = "m.data", offset = 0, length = 256, encoding = raw>) : tensor<128xf16>
  // CHECK-LABEL: inlay_nn.graph @torch
  // CHECK: %[[G:.*]] = ml_program.global_load_const @g
  // CHECK-NEXT: %[[N:.*]] = inlay_nn.rms_norm %x, %[[G]] {epsilon = {{9.99.*E-6|1.*e-05}} : f64} : (tensor<1x4x128xf16>, tensor<128xf16>) -> tensor<1x4x128xf16>
  // CHECK-NEXT: return %[[N]]
  inlay_onnx.graph @torch(%x: tensor<1x4x128xf16>) -> tensor<1x4x128xf16> attributes {arg_names = ["x"], result_names = ["y"]} {
    %g = ml_program.global_load_const @g : tensor<128xf16>
    %two = inlay_onnx.constant dense<2.0> : tensor<f32>
    %eps = inlay_onnx.constant dense<1.0e-5> : tensor<f32>
    %axes = inlay_onnx.constant dense<-1> : tensor<1xi64>
    %0 = inlay_onnx.node "Cast"(%x) {attributes = {to = 1 : i64}} : (tensor<1x4x128xf16>) -> tensor<1x4x128xf32>
    %1 = inlay_onnx.node "Pow"(%0, %two) : (tensor<1x4x128xf32>, tensor<f32>) -> tensor<1x4x128xf32>
    %2 = inlay_onnx.node "ReduceMean"(%1, %axes) : (tensor<1x4x128xf32>, tensor<1xi64>) -> tensor<1x4x1xf32>
    %3 = inlay_onnx.node "Add"(%eps, %2) : (tensor<f32>, tensor<1x4x1xf32>) -> tensor<1x4x1xf32>
    %4 = inlay_onnx.node "Sqrt"(%3) : (tensor<1x4x1xf32>) -> tensor<1x4x1xf32>
    %5 = inlay_onnx.node "Div"(%0, %4) : (tensor<1x4x128xf32>, tensor<1x4x1xf32>) -> tensor<1x4x128xf32>
    %6 = inlay_onnx.node "Cast"(%5) {attributes = {to = 10 : i64}} : (tensor<1x4x128xf32>) -> tensor<1x4x128xf16>
    %7 = inlay_onnx.node "Mul"(%g, %6) : (tensor<128xf16>, tensor<1x4x128xf16>) -> tensor<1x4x128xf16>
    inlay_onnx.return %7 : tensor<1x4x128xf16>
  }
}

// -----

// Reciprocal for the quotient, a product for the square, the mean without its dim.
module attributes {inlay_onnx.opsets = {ai.onnx = 17 : i64}} {
  ml_program.global private @g(#inlay_onnx.weight<file = "m.data", offset = 0, length = 512, encoding = raw>) : tensor<128xf32>
  // CHECK-LABEL: inlay_nn.graph @reciprocal
  // CHECK: inlay_nn.rms_norm %x, %{{.*}} {epsilon = 0.001000000047{{[0-9]*}} : f64}
  // CHECK-NEXT: return
  inlay_onnx.graph @reciprocal(%x: tensor<4x128xf32>) -> tensor<4x128xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    %g = ml_program.global_load_const @g : tensor<128xf32>
    %eps = inlay_onnx.constant dense<1.0e-3> : tensor<f64>
    %last = inlay_onnx.constant dense<1> : tensor<1xi64>
    %0 = inlay_onnx.node "Mul"(%x, %x) : (tensor<4x128xf32>, tensor<4x128xf32>) -> tensor<4x128xf32>
    %1 = inlay_onnx.node "ReduceMean"(%0) {attributes = {axes = array<i64: 1>, keepdims = 0 : i64}} : (tensor<4x128xf32>) -> tensor<4xf32>
    %2 = inlay_onnx.node "Unsqueeze"(%1, %last) : (tensor<4xf32>, tensor<1xi64>) -> tensor<4x1xf32>
    %e = inlay_onnx.node "Cast"(%eps) {attributes = {to = 1 : i64}} : (tensor<f64>) -> tensor<f32>
    %3 = inlay_onnx.node "Add"(%2, %e) : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
    %4 = inlay_onnx.node "Sqrt"(%3) : (tensor<4x1xf32>) -> tensor<4x1xf32>
    %5 = inlay_onnx.node "Reciprocal"(%4) : (tensor<4x1xf32>) -> tensor<4x1xf32>
    %6 = inlay_onnx.node "Mul"(%5, %x) : (tensor<4x1xf32>, tensor<4x128xf32>) -> tensor<4x128xf32>
    %7 = inlay_onnx.node "Mul"(%6, %g) : (tensor<4x128xf32>, tensor<128xf32>) -> tensor<4x128xf32>
    inlay_onnx.return %7 : tensor<4x128xf32>
  }
}

// -----

// Centred: a layer norm, with gamma and beta.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  ml_program.global private @g(#inlay_onnx.weight<file = "m.data", offset = 0, length = 512, encoding = raw>) : tensor<128xf32>
  ml_program.global private @b(#inlay_onnx.weight<file = "m.data", offset = 512, length = 512, encoding = raw>) : tensor<128xf32>
  // CHECK-LABEL: inlay_nn.graph @centred
  // CHECK: inlay_nn.layer_norm %x, %{{.*}} beta %{{.*}} {epsilon = 0.001000000047{{[0-9]*}} : f64}
  // CHECK-NEXT: return
  inlay_onnx.graph @centred(%x: tensor<4x128xf32>) -> tensor<4x128xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    %g = ml_program.global_load_const @g : tensor<128xf32>
    %b = ml_program.global_load_const @b : tensor<128xf32>
    %two = inlay_onnx.constant dense<2.0> : tensor<f32>
    %eps = inlay_onnx.constant dense<1.0e-3> : tensor<f64>
    %axes = inlay_onnx.constant dense<-1> : tensor<1xi64>
    %e = inlay_onnx.node "Cast"(%eps) {attributes = {to = 1 : i64}} : (tensor<f64>) -> tensor<f32>
    %0 = inlay_onnx.node "ReduceMean"(%x, %axes) : (tensor<4x128xf32>, tensor<1xi64>) -> tensor<4x1xf32>
    %1 = inlay_onnx.node "Sub"(%x, %0) : (tensor<4x128xf32>, tensor<4x1xf32>) -> tensor<4x128xf32>
    %2 = inlay_onnx.node "Pow"(%1, %two) : (tensor<4x128xf32>, tensor<f32>) -> tensor<4x128xf32>
    %3 = inlay_onnx.node "ReduceMean"(%2, %axes) : (tensor<4x128xf32>, tensor<1xi64>) -> tensor<4x1xf32>
    %4 = inlay_onnx.node "Add"(%3, %e) : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
    %5 = inlay_onnx.node "Sqrt"(%4) : (tensor<4x1xf32>) -> tensor<4x1xf32>
    %6 = inlay_onnx.node "Div"(%1, %5) : (tensor<4x128xf32>, tensor<4x1xf32>) -> tensor<4x128xf32>
    %7 = inlay_onnx.node "Mul"(%6, %g) : (tensor<4x128xf32>, tensor<128xf32>) -> tensor<4x128xf32>
    %8 = inlay_onnx.node "Add"(%7, %b) : (tensor<4x128xf32>, tensor<128xf32>) -> tensor<4x128xf32>
    inlay_onnx.return %8 : tensor<4x128xf32>
  }
}

// -----

// Epsilon outside of the root is another function.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @outside
  // CHECK-NOT: rms_norm
  // CHECK: inlay_nn.binary {{ *}}div
  inlay_onnx.graph @outside(%x: tensor<4x128xf32>) -> tensor<4x128xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    %eps = inlay_onnx.constant dense<1.0e-3> : tensor<f32>
    %axes = inlay_onnx.constant dense<-1> : tensor<1xi64>
    %0 = inlay_onnx.node "Mul"(%x, %x) : (tensor<4x128xf32>, tensor<4x128xf32>) -> tensor<4x128xf32>
    %1 = inlay_onnx.node "ReduceMean"(%0, %axes) : (tensor<4x128xf32>, tensor<1xi64>) -> tensor<4x1xf32>
    %2 = inlay_onnx.node "Sqrt"(%1) : (tensor<4x1xf32>) -> tensor<4x1xf32>
    %3 = inlay_onnx.node "Add"(%2, %eps) : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
    %4 = inlay_onnx.node "Div"(%x, %3) : (tensor<4x128xf32>, tensor<4x1xf32>) -> tensor<4x128xf32>
    inlay_onnx.return %4 : tensor<4x128xf32>
  }
}

// -----

// The mean of other squares is no norm of x; over the first dim neither.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @others
  // CHECK-NOT: rms_norm
  inlay_onnx.graph @others(%x: tensor<128x128xf32>, %z: tensor<128x128xf32>) -> (tensor<128x128xf32>, tensor<128x128xf32>) attributes {arg_names = ["x", "z"], result_names = ["y", "w"]} {
    %last = inlay_onnx.constant dense<-1> : tensor<1xi64>
    %first = inlay_onnx.constant dense<0> : tensor<1xi64>
    %0 = inlay_onnx.node "Mul"(%z, %z) : (tensor<128x128xf32>, tensor<128x128xf32>) -> tensor<128x128xf32>
    %1 = inlay_onnx.node "ReduceMean"(%0, %last) : (tensor<128x128xf32>, tensor<1xi64>) -> tensor<128x1xf32>
    %2 = inlay_onnx.node "Sqrt"(%1) : (tensor<128x1xf32>) -> tensor<128x1xf32>
    %3 = inlay_onnx.node "Div"(%x, %2) : (tensor<128x128xf32>, tensor<128x1xf32>) -> tensor<128x128xf32>
    %4 = inlay_onnx.node "ReduceMean"(%0, %first) : (tensor<128x128xf32>, tensor<1xi64>) -> tensor<1x128xf32>
    %5 = inlay_onnx.node "Sqrt"(%4) : (tensor<1x128xf32>) -> tensor<1x128xf32>
    %6 = inlay_onnx.node "Div"(%z, %5) : (tensor<128x128xf32>, tensor<1x128xf32>) -> tensor<128x128xf32>
    inlay_onnx.return %3, %6 : tensor<128x128xf32>, tensor<128x128xf32>
  }
}

// -----

// A factor that is an activation (a gate) is no gamma, although one token's has its shape.
module attributes {inlay_onnx.opsets = {ai.onnx = 23 : i64}} {
  ml_program.global private @g(#inlay_onnx.weight<file = "m.data", offset = 0, length = 512, encoding = raw>) : tensor<128xf32>
  // CHECK-LABEL: inlay_nn.graph @gated
  // CHECK: %[[N:.*]] = inlay_nn.rms_norm %x, %{{.*}}
  // CHECK: inlay_nn.binary {{ *}}mul %[[N]], %gate
  inlay_onnx.graph @gated(%x: tensor<1x128xf32>, %gate: tensor<1x128xf32>) -> tensor<1x128xf32> attributes {arg_names = ["x", "gate"], result_names = ["y"]} {
    %one = inlay_onnx.constant dense<1.0> : tensor<128xf32>
    %0 = inlay_onnx.node "RMSNormalization"(%x, %one) : (tensor<1x128xf32>, tensor<128xf32>) -> tensor<1x128xf32>
    %1 = inlay_onnx.node "Mul"(%0, %gate) : (tensor<1x128xf32>, tensor<1x128xf32>) -> tensor<1x128xf32>
    inlay_onnx.return %1 : tensor<1x128xf32>
  }
}

// -----

// Over the last two dims at once; of an old opset, softmax too.
module attributes {inlay_onnx.opsets = {ai.onnx = 11 : i64}} {
  ml_program.global private @g(#inlay_onnx.weight<file = "m.data", offset = 0, length = 512, encoding = raw>) : tensor<8x16xf32>
  // CHECK-LABEL: inlay_nn.graph @flattened
  // CHECK: %[[F:.*]] = inlay_nn.reshape %x : tensor<4x8x16xf32> -> tensor<4x128xf32>
  // CHECK: inlay_nn.rms_norm %[[F]],
  // CHECK: inlay_nn.softmax %[[F]] {axis = 1 : i64}
  inlay_onnx.graph @flattened(%x: tensor<4x8x16xf32>) -> (tensor<4x8x16xf32>, tensor<4x8x16xf32>) attributes {arg_names = ["x"], result_names = ["y", "z"]} {
    %g = ml_program.global_load_const @g : tensor<8x16xf32>
    %0 = inlay_onnx.node "SimplifiedLayerNormalization"(%x, %g) {attributes = {axis = 1 : i64}} : (tensor<4x8x16xf32>, tensor<8x16xf32>) -> tensor<4x8x16xf32>
    %1 = inlay_onnx.node "Softmax"(%x) : (tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
    inlay_onnx.return %0, %1 : tensor<4x8x16xf32>, tensor<4x8x16xf32>
  }
}

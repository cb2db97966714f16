// RUN: inlay-opt %s --infer-shapes -split-input-file -verify-diagnostics

// Operands that do not fit their operator: the node and the shapes are named.

// expected-error @unknown {{node '/m' (Gather): axis 2 is outside of a tensor of rank 2, expected -2 to 1}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>, %a1: tensor<1xi64>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Gather"(%a0, %a1) {attributes = {axis = 2 : i64}} : (tensor<2x3xf32>, tensor<1xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (ReduceSum): axis -3 is outside of a tensor of rank 2, expected -2 to 1}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[-3]> : tensor<1xi64>
    %0 = inlay_onnx.node "ReduceSum"(%a0, %c1) : (tensor<2x3xf32>, tensor<1xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Softmax): axis 2 is outside of a tensor of rank 2, expected -2 to 1}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Softmax"(%a0) {attributes = {axis = 2 : i64}} : (tensor<2x3xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Add): inputs 0 and 1 must hold elements of one type, got 'f32' and 'i64'}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>, %a1: tensor<3xi64>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Add"(%a0, %a1) : (tensor<2x3xf32>, tensor<3xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Where): inputs 1 and 2 must hold elements of one type, got 'i1' and 'f32'}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xi1>, %a1: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Where"(%a0, %a0, %a1) : (tensor<2x3xi1>, tensor<2x3xi1>, tensor<2x3xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Concat): has no attribute 'axis', expected an integer}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>, %a1: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Concat"(%a0, %a1) : (tensor<2x3xf32>, tensor<2x3xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Add): operands of shape 2x3 and 2x4 do not broadcast}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>, %a1: tensor<2x4xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Add"(%a0, %a1) : (tensor<2x3xf32>, tensor<2x4xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Where): operands of shape 2 and 3 do not broadcast}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2xi1>, %a1: tensor<3xf32>, %a2: tensor<f32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Where"(%a0, %a1, %a2) : (tensor<2xi1>, tensor<3xf32>, tensor<f32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Cast): attribute 'to' is 77, which is no element type}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Cast"(%a0) {attributes = {to = 77 : i64}} : (tensor<2xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Cast): attribute 'to' must be an integer of at least 1, it is missing}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Cast"(%a0) : (tensor<2xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::GroupQueryAttention): attribute 'num_heads' must be an integer of at least 1, got 0}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x1x64xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %0 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a0) {attributes = {num_heads = 0 : i64, kv_num_heads = 1 : i64}} : (tensor<1x1x64xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Transpose): attribute 'perm' is no permutation of the 2 dims of 2x3}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Transpose"(%a0) {attributes = {perm = array<i64: 0, 0>}} : (tensor<2x3xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Concat): input 1 of shape 3x3 does not continue 2x3 along axis 1}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>, %a1: tensor<3x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Concat"(%a0, %a1) {attributes = {axis = 1 : i64}} : (tensor<2x3xf32>, tensor<3x3xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Split): cannot split dim 0 of 6x4 into parts of 1x4 for 2 outputs}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<6x4xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[1, 4]> : tensor<2xi64>
    %0:2 = inlay_onnx.node "Split"(%a0, %c1) : (tensor<6x4xf32>, tensor<2xi64>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown) loc("/m")
    inlay_onnx.return %0#0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Slice): a slice of 1 starts has 2 ends, 1 axes and 1 steps}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<6xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[1]> : tensor<1xi64>
    %c2 = inlay_onnx.constant dense<[2, 3]> : tensor<2xi64>
    %0 = inlay_onnx.node "Slice"(%a0, %c1, %c2) : (tensor<6xf32>, tensor<1xi64>, tensor<2xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Slice): the step of a slice is 0}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<6xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[1]> : tensor<1xi64>
    %c2 = inlay_onnx.constant dense<[2]> : tensor<1xi64>
    %c3 = inlay_onnx.constant dense<[0]> : tensor<1xi64>
    %c4 = inlay_onnx.constant dense<[0]> : tensor<1xi64>
    %0 = inlay_onnx.node "Slice"(%a0, %c1, %c2, %c3, %c4) : (tensor<6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Expand): operands of shape 3 and 4 do not broadcast}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[4]> : tensor<1xi64>
    %0 = inlay_onnx.node "Expand"(%a0, %c1) : (tensor<3xf32>, tensor<1xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Tile): a tensor of shape 2x3 has 1 repeats}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[2]> : tensor<1xi64>
    %0 = inlay_onnx.node "Tile"(%a0, %c1) : (tensor<2x3xf32>, tensor<1xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Pad): a padding of 2 axes has 2 sizes}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[1, 1]> : tensor<2xi64>
    %0 = inlay_onnx.node "Pad"(%a0, %c1) : (tensor<2x3xf32>, tensor<2xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Reshape): cannot reshape 2x3 to [4, -1]}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[4, -1]> : tensor<2xi64>
    %0 = inlay_onnx.node "Reshape"(%a0, %c1) : (tensor<2x3xf32>, tensor<2xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// There is no third dim to copy.
// expected-error @unknown {{node '/m' (Reshape): cannot reshape 2x3 to [0, 0, 0]}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[0, 0, 0]> : tensor<3xi64>
    %0 = inlay_onnx.node "Reshape"(%a0, %c1) : (tensor<2x3xf32>, tensor<3xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Reshape): cannot reshape 2x3 to [-1, -1]}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[-1, -1]> : tensor<2xi64>
    %0 = inlay_onnx.node "Reshape"(%a0, %c1) : (tensor<2x3xf32>, tensor<2xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Squeeze): cannot squeeze dim 1 of 2x3}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[1]> : tensor<1xi64>
    %0 = inlay_onnx.node "Squeeze"(%a0, %c1) : (tensor<2x3xf32>, tensor<1xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Unsqueeze): axis -4 is given twice}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[0, -4]> : tensor<2xi64>
    %0 = inlay_onnx.node "Unsqueeze"(%a0, %c1) : (tensor<2x3xf32>, tensor<2xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (DepthToSpace): depth 6 is no multiple of blocksize squared 4}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x6x2x2xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %0 = inlay_onnx.node "DepthToSpace"(%a0) {attributes = {blocksize = 2 : i64}} : (tensor<1x6x2x2xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (ConstantOfShape): the shape to fill has a dim of size -3}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main() -> !inlay_onnx.unknown attributes {arg_names = [], result_names = ["r"]} {
    %c0 = inlay_onnx.constant dense<[2, -3]> : tensor<2xi64>
    %0 = inlay_onnx.node "ConstantOfShape"(%c0) : (tensor<2xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Range): the step of a range is 0}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main() -> !inlay_onnx.unknown attributes {arg_names = [], result_names = ["r"]} {
    %c0 = inlay_onnx.constant dense<1> : tensor<i64>
    %c1 = inlay_onnx.constant dense<5> : tensor<i64>
    %c2 = inlay_onnx.constant dense<0> : tensor<i64>
    %0 = inlay_onnx.node "Range"(%c0, %c1, %c2) : (tensor<i64>, tensor<i64>, tensor<i64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (GatherND): indices of shape 5x3 address more dims than 2x3 has}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>, %a1: tensor<5x3xi64>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "GatherND"(%a0, %a1) : (tensor<2x3xf32>, tensor<5x3xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (GatherElements): input 1 is 5, expected a tensor of rank 2}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>, %a1: tensor<5xi64>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "GatherElements"(%a0, %a1) : (tensor<2x3xf32>, tensor<5xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (TopK): cannot take the top 5 of dim 1 of 6x4}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<6x4xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<5> : tensor<1xi64>
    %0:2 = inlay_onnx.node "TopK"(%a0, %c1) : (tensor<6x4xf32>, tensor<1xi64>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown) loc("/m")
    inlay_onnx.return %0#0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (MatMul): cannot multiply 2x3 by 4x5: the inner dims differ}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>, %a1: tensor<4x5xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "MatMul"(%a0, %a1) : (tensor<2x3xf32>, tensor<4x5xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (MatMul): cannot multiply 2x2x3 by 3x3x5: the batch dims do not broadcast}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x2x3xf32>, %a1: tensor<3x3x5xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "MatMul"(%a0, %a1) : (tensor<2x2x3xf32>, tensor<3x3x5xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (MatMul): a product needs operands of rank 1 or more, got scalar and 4x5}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<f32>, %a1: tensor<4x5xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "MatMul"(%a0, %a1) : (tensor<f32>, tensor<4x5xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Gemm): operands of shape 2x4 and 3 do not broadcast}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>, %a1: tensor<3x4xf32>, %a2: tensor<3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Gemm"(%a0, %a1, %a2) : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<3xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Gemm): input 0 is 1x2x3, expected a tensor of rank 2}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x2x3xf32>, %a1: tensor<3x4xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Gemm"(%a0, %a1) : (tensor<1x2x3xf32>, tensor<3x4xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Einsum): dim 'j' is 3 in one operand and 4 in operand 1}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>, %a1: tensor<4x5xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Einsum"(%a0, %a1) {attributes = {equation = "ij,jk->ik"}} : (tensor<2x3xf32>, tensor<4x5xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Einsum): equation 'ijk->i' does not describe the operands}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Einsum"(%a0) {attributes = {equation = "ijk->i"}} : (tensor<2x3xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Einsum): equation 'ij->k' does not describe the operands}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Einsum"(%a0) {attributes = {equation = "ij->k"}} : (tensor<2x3xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (LayerNormalization): operands of shape 2x4 and 3 do not broadcast}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x4xf32>, %a1: tensor<3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "LayerNormalization"(%a0, %a1) : (tensor<2x4xf32>, tensor<3xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::SkipSimplifiedLayerNormalization): operands of shape 1x2x4 and 1x3x4 do not broadcast}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x2x4xf32>, %a1: tensor<1x3x4xf32>, %a2: tensor<4xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2"], result_names = ["r"]} {
    %0 = inlay_onnx.node "com.microsoft::SkipSimplifiedLayerNormalization"(%a0, %a1, %a2) : (tensor<1x2x4xf32>, tensor<1x3x4xf32>, tensor<4xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::SkipSimplifiedLayerNormalization): input 2 is 5, expected dim 0 to be 4 (width of the input)}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x2x4xf32>, %a1: tensor<1x2x4xf32>, %a2: tensor<5xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2"], result_names = ["r"]} {
    %0 = inlay_onnx.node "com.microsoft::SkipSimplifiedLayerNormalization"(%a0, %a1, %a2) : (tensor<1x2x4xf32>, tensor<1x2x4xf32>, tensor<5xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::GroupQueryAttention): width of the query 66 is no multiple of num_heads 4}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x1x66xf32>, %a1: tensor<1x1x32xf32>, %a2: tensor<1x1x32xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2"], result_names = ["r"]} {
    %0 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a0, %a1, %a2) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<1x1x66xf32>, tensor<1x1x32xf32>, tensor<1x1x32xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::GroupQueryAttention): width of the query 66 is no multiple of num_heads + 2 kv_num_heads 8}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x1x66xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %0 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a0) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<1x1x66xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::GroupQueryAttention): input 3 is 1x4x9x16, expected dim 1 to be 2 (kv_num_heads)}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x1x128xf32>, %a3: tensor<1x4x9x16xf32>, %a4: tensor<1x4x9x16xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a3", "a4"], result_names = ["r"]} {
    %none = inlay_onnx.none : none
    %0 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a0, %none, %none, %a3, %a4) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<1x1x128xf32>, none, none, tensor<1x4x9x16xf32>, tensor<1x4x9x16xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::GroupQueryAttention): input 3 is 1x2x9x8, expected dim 3 to be 16 (head size)}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x1x128xf32>, %a3: tensor<1x2x9x8xf32>, %a4: tensor<1x2x9x8xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a3", "a4"], result_names = ["r"]} {
    %none = inlay_onnx.none : none
    %0 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a0, %none, %none, %a3, %a4) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<1x1x128xf32>, none, none, tensor<1x2x9x8xf32>, tensor<1x2x9x8xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::MultiHeadAttention): width of the value 66 is no multiple of num_heads 4}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x1x64xf32>, %a1: tensor<1x1x64xf32>, %a2: tensor<1x1x66xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2"], result_names = ["r"]} {
    %0 = inlay_onnx.node "com.microsoft::MultiHeadAttention"(%a0, %a1, %a2) {attributes = {num_heads = 4 : i64}} : (tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x66xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Attention): queries have heads of 24, keys of 16}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x4x3x24xf32>, %a1: tensor<1x2x5x16xf32>, %a2: tensor<1x2x5x16xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Attention"(%a0, %a1, %a2) : (tensor<1x4x3x24xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Attention): number of query heads 3 is no multiple of number of key/value heads 2}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x3x3x16xf32>, %a1: tensor<1x2x5x16xf32>, %a2: tensor<1x2x5x16xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Attention"(%a0, %a1, %a2) : (tensor<1x3x3x16xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::MoE): input 1 is 6x3, expected dim 1 to be 4 (number of experts)}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x6x16xf32>, %a1: tensor<6x3xf32>, %a2: tensor<4x16x16xf32>, %a4: tensor<4x16x8xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2", "a4"], result_names = ["r"]} {
    %none = inlay_onnx.none : none
    %0 = inlay_onnx.node "com.microsoft::MoE"(%a0, %a1, %a2, %none, %a4) {attributes = {k = 2 : i64}} : (tensor<1x6x16xf32>, tensor<6x3xf32>, tensor<4x16x16xf32>, none, tensor<4x16x8xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::MoE): attribute 'k' is 5 of 4 experts}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x6x16xf32>, %a1: tensor<6x4xf32>, %a2: tensor<4x16x16xf32>, %a4: tensor<4x16x8xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2", "a4"], result_names = ["r"]} {
    %none = inlay_onnx.none : none
    %0 = inlay_onnx.node "com.microsoft::MoE"(%a0, %a1, %a2, %none, %a4) {attributes = {k = 5 : i64}} : (tensor<1x6x16xf32>, tensor<6x4xf32>, tensor<4x16x16xf32>, none, tensor<4x16x8xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::QMoE): input 2 is 4x64x32, expected dim 2 to be 16 (width of the input, packed)}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<6x32xf32>, %a1: tensor<6x4xf32>, %a2: tensor<4x64x32xui8>, %a3: tensor<4x64xf32>, %a5: tensor<4x32x16xui8>, %a6: tensor<4x32xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2", "a3", "a5", "a6"], result_names = ["r"]} {
    %none = inlay_onnx.none : none
    %0 = inlay_onnx.node "com.microsoft::QMoE"(%a0, %a1, %a2, %a3, %none, %a5, %a6) {attributes = {k = 2 : i64}} : (tensor<6x32xf32>, tensor<6x4xf32>, tensor<4x64x32xui8>, tensor<4x64xf32>, none, tensor<4x32x16xui8>, tensor<4x32xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::MatMulNBits): input 0 is 1x5x64, expected dim 2 to be 32 (attribute 'K')}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x5x64xf32>, %a1: tensor<48x4x8xui8>, %a2: tensor<48x4xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2"], result_names = ["r"]} {
    %0 = inlay_onnx.node "com.microsoft::MatMulNBits"(%a0, %a1, %a2) {attributes = {K = 32 : i64, N = 48 : i64, block_size = 16 : i64}} : (tensor<1x5x64xf32>, tensor<48x4x8xui8>, tensor<48x4xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::MatMulNBits): input 0 is scalar, expected a dim -1 of size 32 (attribute 'K')}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<f32>, %a1: tensor<48x4x8xui8>, %a2: tensor<48x4xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2"], result_names = ["r"]} {
    %0 = inlay_onnx.node "com.microsoft::MatMulNBits"(%a0, %a1, %a2) {attributes = {K = 32 : i64, N = 48 : i64, block_size = 16 : i64}} : (tensor<f32>, tensor<48x4x8xui8>, tensor<48x4xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (DequantizeLinear): input 1 is 3, expected dim 0 to be 8 (slices along the axis)}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<4x8xi8>, %a1: tensor<3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "DequantizeLinear"(%a0, %a1) {attributes = {axis = 1 : i64}} : (tensor<4x8xi8>, tensor<3xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Conv): kernel_shape, strides, dilations or pads do not fit 2 spatial dims}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<1x3x8x8xf32>, %a1: tensor<16x3x3x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Conv"(%a0, %a1) {attributes = {strides = array<i64: 2>}} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// One symbol cannot have two sizes.

// expected-error @unknown {{node '/m' (Attention): dim 'head' of input 5 must be 8 (size of a head), but it is 16 elsewhere}}
module attributes {inlay_onnx.opsets = {ai.onnx = 23 : i64}} {
  inlay_onnx.graph @main(%q: tensor<1x2x1x16xf32>, %k: tensor<1x2x1x16xf32>, %v: tensor<1x2x1x8xf32>,
      %pk: tensor<1x2x9x?xf32, #inlay_onnx.dims<1, 2, 9, "head">>,
      %pv: tensor<1x2x9x?xf32, #inlay_onnx.dims<1, 2, 9, "head">>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["q", "k", "v", "pk", "pv"], result_names = ["r", "s", "t"]} {
    %none = inlay_onnx.none : none
    %0:3 = inlay_onnx.node "Attention"(%q, %k, %v, %none, %pk, %pv) : (tensor<1x2x1x16xf32>, tensor<1x2x1x16xf32>, tensor<1x2x1x8xf32>, none, tensor<1x2x9x?xf32, #inlay_onnx.dims<1, 2, 9, "head">>, tensor<1x2x9x?xf32, #inlay_onnx.dims<1, 2, 9, "head">>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown) loc("/m")
    inlay_onnx.return %0#0, %0#1, %0#2 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}

// -----

// All symbols that stay without a size in one error, with the remedy. An input
// that nobody uses does not matter.

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // expected-error @+1 {{dims without a size: --bind "rows=N,cols=N,a+=N" gives them one}}
  inlay_onnx.graph @main(
      %x: tensor<?x?x?x?xf32, #inlay_onnx.dims<"rows", "2*rows + 1", "batch_size*cols", "a+">>,
      %unused: tensor<?xf32, #inlay_onnx.dims<"other">>) -> !inlay_onnx.unknown
      attributes {arg_names = ["x", "unused"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Exp"(%x) : (tensor<?x?x?x?xf32, #inlay_onnx.dims<"rows", "2*rows + 1", "batch_size*cols", "a+">>) -> !inlay_onnx.unknown
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// Operators without a rule in one warning; those whose types are declared do
// not count.

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, plugin = 3 : i64}} {
  // expected-warning @+1 {{no rule infers the shapes of 4 nodes: plugin::Int4MoePlugin-3 (2, first '/a'), Loop-21 (1, first '/c'), Loop-16 (1, first '/d'); declare the shapes of their outputs in the model (value_info), or export it without these operators}}
  inlay_onnx.graph @main(%x: tensor<2xf32>) -> (!inlay_onnx.unknown, tensor<?xf32>, tensor<2xf32>, tensor<*xf32>, tensor<*xf32>)
      attributes {arg_names = ["x"], result_names = ["r", "s", "t", "u", "v"]} {
    %none = inlay_onnx.none : none
    %0 = inlay_onnx.node "plugin::Int4MoePlugin"(%x) : (tensor<2xf32>) -> !inlay_onnx.unknown loc("/a")
    %1 = inlay_onnx.node "plugin::Int4MoePlugin"(%x) : (tensor<2xf32>) -> tensor<?xf32> loc("/b")
    %2 = inlay_onnx.node "plugin::Int4MoePlugin"(%x) : (tensor<2xf32>) -> tensor<2xf32>
    %3 = inlay_onnx.node "Loop"(%none, %none, %x) : (none, none, tensor<2xf32>) -> tensor<*xf32> loc("/c")
    // From a function with another opset.
    %4 = inlay_onnx.node "Loop"(%none, %none, %x) attributes {own_opset = 16 : i64} : (none, none, tensor<2xf32>) -> tensor<*xf32> loc("/d")
    inlay_onnx.return %0, %1, %2, %3, %4 : !inlay_onnx.unknown, tensor<?xf32>, tensor<2xf32>, tensor<*xf32>, tensor<*xf32>
  }
}

// -----

// Declared types that are wrong: what is inferred counts. The list is capped.

// expected-warning @unknown {{node '/a' (Exp): output 0 is declared as tensor<3xf32> but is tensor<2xf32>}}
// expected-warning @unknown {{node '/b' (Exp): output 0 is declared as tensor<2xf16> but is tensor<2xf32>}}
// expected-warning @unknown {{node '/c' (Exp): output 0 is declared as tensor<1x2xf32> but is tensor<2xf32>}}
// expected-warning @unknown {{node '/d3' (Exp): output 0 is declared as tensor<7xf32> but is tensor<2xf32>}}
// expected-warning @unknown {{node '/d4' (Exp): output 0 is declared as tensor<7xf32> but is tensor<2xf32>}}
// expected-warning @unknown {{node '/d5' (Exp): output 0 is declared as tensor<7xf32> but is tensor<2xf32>}}
// expected-warning @unknown {{node '/d6' (Exp): output 0 is declared as tensor<7xf32> but is tensor<2xf32>}}
// expected-warning @unknown {{node '/d7' (Exp): output 0 is declared as tensor<7xf32> but is tensor<2xf32>}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // expected-warning @+1 {{1 more outputs are declared otherwise than they are}}
  inlay_onnx.graph @main(%x: tensor<2xf32>)
      -> (tensor<3xf32>, tensor<2xf16>, tensor<1x2xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>)
      attributes {arg_names = ["x"], result_names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]} {
    %0 = inlay_onnx.node "Exp"(%x) : (tensor<2xf32>) -> tensor<3xf32> loc("/a")
    %1 = inlay_onnx.node "Exp"(%x) : (tensor<2xf32>) -> tensor<2xf16> loc("/b")
    %2 = inlay_onnx.node "Exp"(%x) : (tensor<2xf32>) -> tensor<1x2xf32> loc("/c")
    %3 = inlay_onnx.node "Exp"(%x) : (tensor<2xf32>) -> tensor<7xf32> loc("/d3")
    %4 = inlay_onnx.node "Exp"(%x) : (tensor<2xf32>) -> tensor<7xf32> loc("/d4")
    %5 = inlay_onnx.node "Exp"(%x) : (tensor<2xf32>) -> tensor<7xf32> loc("/d5")
    %6 = inlay_onnx.node "Exp"(%x) : (tensor<2xf32>) -> tensor<7xf32> loc("/d6")
    %7 = inlay_onnx.node "Exp"(%x) : (tensor<2xf32>) -> tensor<7xf32> loc("/d7")
    %8 = inlay_onnx.node "Exp"(%x) : (tensor<2xf32>) -> tensor<7xf32> loc("/d8")
    inlay_onnx.return %0, %1, %2, %3, %4, %5, %6, %7, %8 : tensor<3xf32>, tensor<2xf16>, tensor<1x2xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>
  }
}

// -----

// How many inputs and outputs an operator has, and of which elements.

// expected-error @unknown {{node '/few' (MatMul): has 1 input, expected 2}}
// expected-error @unknown {{node '/many' (Neg): has 2 outputs, expected 1}}
// expected-error @unknown {{node '/open' (Concat): has 0 inputs, expected 1 or more}}
// expected-error @unknown {{node '/range' (Clip): has 4 inputs, expected 1 to 3}}
// expected-error @unknown {{node '/mixed' (MatMul): inputs 0 and 1 must hold elements of one type, got 'f32' and 'i32'}}
// expected-error @unknown {{node '/and' (And): input 0 has elements of type 'f32', expected booleans}}
// expected-error @unknown {{node '/gather' (Gather): input 1 has elements of type 'f32', expected integers}}
// expected-error @unknown {{node '/norm' (LayerNormalization): input 1 has elements of type 'i32', expected floats}}
// expected-error @unknown {{node '/text' (Exp): input 0 has elements of type '!inlay_onnx.string', expected floats}}
// expected-error @unknown {{node '/flag' (Add): input 0 has elements of type 'i1', expected floats or integers}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  inlay_onnx.graph @main(%x: tensor<4x4xf32>, %i: tensor<4x4xi32>, %s: tensor<4x!inlay_onnx.string>, %b: tensor<4xi1>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["x", "i", "s", "b"], result_names = ["a", "b", "c", "d", "e", "f", "g", "h", "k", "l"]} {
    %0 = inlay_onnx.node "MatMul"(%x) : (tensor<4x4xf32>) -> !inlay_onnx.unknown loc("/few")
    %1:2 = inlay_onnx.node "Neg"(%x) : (tensor<4x4xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown) loc("/many")
    %2 = inlay_onnx.node "Concat"() {attributes = {axis = 0 : i64}} : () -> !inlay_onnx.unknown loc("/open")
    %3 = inlay_onnx.node "Clip"(%x, %x, %x, %x) : (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> !inlay_onnx.unknown loc("/range")
    %4 = inlay_onnx.node "MatMul"(%x, %i) : (tensor<4x4xf32>, tensor<4x4xi32>) -> !inlay_onnx.unknown loc("/mixed")
    %5 = inlay_onnx.node "And"(%x, %x) : (tensor<4x4xf32>, tensor<4x4xf32>) -> !inlay_onnx.unknown loc("/and")
    %6 = inlay_onnx.node "Gather"(%x, %x) : (tensor<4x4xf32>, tensor<4x4xf32>) -> !inlay_onnx.unknown loc("/gather")
    %7 = inlay_onnx.node "LayerNormalization"(%x, %i) : (tensor<4x4xf32>, tensor<4x4xi32>) -> !inlay_onnx.unknown loc("/norm")
    %8 = inlay_onnx.node "Exp"(%s) : (tensor<4x!inlay_onnx.string>) -> !inlay_onnx.unknown loc("/text")
    %9 = inlay_onnx.node "Add"(%b, %b) : (tensor<4xi1>, tensor<4xi1>) -> !inlay_onnx.unknown loc("/flag")
    inlay_onnx.return %0, %1#0, %2, %3, %4, %5, %6, %7, %8, %9 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}

// -----

// Numbers that make everything behind them none.

// expected-error @unknown {{node '/nan' (LayerNormalization): attribute 'epsilon' is no number, expected a finite number from 0 on}}
// expected-error @unknown {{node '/inf' (com.microsoft::SkipLayerNormalization): attribute 'epsilon' is infinite, expected a finite number from 0 on}}
// expected-error @unknown {{node '/clip' (Clip): input 1 is nan, which is no bound}}
// expected-error @unknown {{node '/old' (Clip): attribute 'max' is nan, which is no bound}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%x: tensor<4x4xf32>, %s: tensor<4xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["x", "s"], result_names = ["a", "b", "c", "d"]} {
    %nan = inlay_onnx.constant dense<0x7FC00000> : tensor<f32>
    %0 = inlay_onnx.node "LayerNormalization"(%x, %s) {attributes = {epsilon = 0x7FC00000 : f32}} : (tensor<4x4xf32>, tensor<4xf32>) -> !inlay_onnx.unknown loc("/nan")
    %1 = inlay_onnx.node "com.microsoft::SkipLayerNormalization"(%x, %x, %s) {attributes = {epsilon = 0x7F800000 : f32}} : (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> !inlay_onnx.unknown loc("/inf")
    %2 = inlay_onnx.node "Clip"(%x, %nan) : (tensor<4x4xf32>, tensor<f32>) -> !inlay_onnx.unknown loc("/clip")
    %3 = inlay_onnx.node "Clip"(%x) {attributes = {max = 0x7FC00000 : f32}} : (tensor<4x4xf32>) -> !inlay_onnx.unknown loc("/old")
    inlay_onnx.return %0, %1, %2, %3 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Split): attribute 'num_outputs' is 1099511627776, but the node has 2 outputs}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<6x4xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %0:2 = inlay_onnx.node "Split"(%a0) {attributes = {num_outputs = 1099511627776 : i64}} : (tensor<6x4xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown) loc("/m")
    inlay_onnx.return %0#0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Pad): pads axis 1 of 3 elements by -5 and 1, which leaves -1}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<2x3xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %c1 = inlay_onnx.constant dense<[0, -5, 0, 1]> : tensor<4xi64>
    %0 = inlay_onnx.node "Pad"(%a0, %c1) : (tensor<2x3xf32>, tensor<4xi64>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (Concat): the sizes along axis 0 add up to more than 64 bits hold}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<5000000000000000000xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0"], result_names = ["r"]} {
    %0 = inlay_onnx.node "Concat"(%a0, %a0) {attributes = {axis = 0 : i64}} : (tensor<5000000000000000000xf32>, tensor<5000000000000000000xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// expected-error @unknown {{node '/m' (com.microsoft::QMoE): attribute 'expert_weight_bits' is 5, expected 2, 4 or 8}}
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(%a0: tensor<6x32xf32>, %a1: tensor<6x4xf32>, %a2: tensor<4x64x16xui8>, %a3: tensor<4x64xf32>, %a5: tensor<4x32x16xui8>, %a6: tensor<4x32xf32>) -> !inlay_onnx.unknown attributes {arg_names = ["a0", "a1", "a2", "a3", "a5", "a6"], result_names = ["r"]} {
    %none = inlay_onnx.none : none
    %0 = inlay_onnx.node "com.microsoft::QMoE"(%a0, %a1, %a2, %a3, %none, %a5, %a6) {attributes = {k = 2 : i64, expert_weight_bits = 5 : i64}} : (tensor<6x32xf32>, tensor<6x4xf32>, tensor<4x64x16xui8>, tensor<4x64xf32>, none, tensor<4x32x16xui8>, tensor<4x32xf32>) -> !inlay_onnx.unknown loc("/m")
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

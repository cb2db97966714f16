// One case for each constraint of the descriptions.
// RUN: inlay-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<128x64xf32>)
// expected-error @below {{the result must have the input's shape except for its last dim}}
%1 = inlay_nn.linear %0#0, %0#1 : (tensor<1x1x64xf32>, tensor<128x64xf32>) -> tensor<1x2x128xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<128x64xf32>, tensor<4xf32>)
// expected-error @below {{the bias must have 128 elements, got 4}}
%1 = inlay_nn.linear %0#0, %0#1 bias %0#2 : (tensor<1x64xf32>, tensor<128x64xf32>, tensor<4xf32>) -> tensor<1x128xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<128x64xf32>, tensor<128xf32>)
// expected-error @below {{has scales or zero points, but no 'quant'}}
%1 = inlay_nn.linear %0#0, %0#1 scales %0#2 : (tensor<1x64xf32>, tensor<128x64xf32>, tensor<128xf32>) -> tensor<1x128xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<64x128xf32>)
// expected-error @below {{the weight must be 128 x 64, got 64, 128}}
%1 = inlay_nn.linear %0#0, %0#1 : (tensor<1x64xf32>, tensor<64x128xf32>) -> tensor<1x128xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<128x2x16xui8>, tensor<128x2xf32>)
// expected-error @below {{a transposed quantised weight must be 64 x 128, got 128, 2, 16}}
%1 = inlay_nn.linear %0#0, %0#1 scales %0#2 {quant = #inlay_nn.block_quant<bits = 4, block = 32>, transposed} : (tensor<1x64xf32>, tensor<128x2x16xui8>, tensor<128x2xf32>) -> tensor<1x128xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<128x1x16xui8>, tensor<128x2xf32>)
// expected-error @below {{the quantised weight must have 128 rows of at least 64 x 4 bits, got 128, 1, 16}}
%1 = inlay_nn.linear %0#0, %0#1 scales %0#2 {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<1x64xf32>, tensor<128x1x16xui8>, tensor<128x2xf32>) -> tensor<1x128xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<128x2x16xui8>)
// expected-error @below {{has 'quant', but no scales}}
%1 = inlay_nn.linear %0#0, %0#1 {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<1x64xf32>, tensor<128x2x16xui8>) -> tensor<1x128xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<128x2x16xui8>, tensor<128xf32>)
// expected-error @below {{needs 128 x 2 scales, got 128}}
%1 = inlay_nn.lm_head %0#0, %0#1 scales %0#2 {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<1x64xf32>, tensor<128x2x16xui8>, tensor<128xf32>) -> tensor<1x128xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<256x64xf32>, tensor<1x1xi64>)
// expected-error @below {{the result must have the shape of the ids and one more dim, got 1, 64 for 1, 1}}
%1 = inlay_nn.embedding %0#0, %0#1 : (tensor<256x64xf32>, tensor<1x1xi64>) -> tensor<1x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<256x32xf32>, tensor<1x1xi64>)
// expected-error @below {{the table must be V x 64, got 256, 32}}
%1 = inlay_nn.embedding %0#0, %0#1 : (tensor<256x32xf32>, tensor<1x1xi64>) -> tensor<1x1x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<256x32xui8>, tensor<1x1xi64>)
// expected-error @below {{must have scales exactly if it has 'quant'}}
%1 = inlay_nn.embedding %0#0, %0#1 {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<256x32xui8>, tensor<1x1xi64>) -> tensor<1x1x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<8xf32>, tensor<8x4xf32>)
// expected-error @below {{operands must have at least two dims}}
%1 = inlay_nn.matmul %0#0, %0#1 : (tensor<8xf32>, tensor<8x4xf32>) -> tensor<4xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<4x8xf32>, tensor<4x8xf32>)
// expected-error @below {{the last dim of lhs, 8, must equal the last but one of rhs, 4}}
%1 = inlay_nn.matmul %0#0, %0#1 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1xf32>)
// expected-error @below {{bits must be 2, 4 or 8, got 3}}
%1 = inlay_nn.linear %0, %0 {quant = #inlay_nn.block_quant<bits = 3, block = 32>} : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1xf32>)
// expected-error @below {{block must be 0 or a power of two of at least 16, got 24}}
%1 = inlay_nn.linear %0, %0 {quant = #inlay_nn.block_quant<bits = 4, block = 24>} : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<64xf32>)
// expected-error @below {{the result must have the input's shape 1, 64, got 64}}
%1 = inlay_nn.rms_norm %0#0, %0#1 {epsilon = 1.0e-05 : f64} : (tensor<1x64xf32>, tensor<64xf32>) -> tensor<64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<32xf32>)
// expected-error @below {{gamma must have 64 elements, got 32}}
%1 = inlay_nn.rms_norm %0#0, %0#1 {epsilon = 1.0e-05 : f64} : (tensor<1x64xf32>, tensor<32xf32>) -> tensor<1x64xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<64xf32>, tensor<1xf32>)
// expected-error @below {{beta must have 64 elements, got 1}}
%1 = inlay_nn.layer_norm %0#0, %0#1 beta %0#2 {epsilon = 1.0e-05 : f64} : (tensor<1x64xf32>, tensor<64xf32>, tensor<1xf32>) -> tensor<1x64xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>)
// expected-error @below {{axis 2 is not a dim of a tensor of rank 2}}
%1 = inlay_nn.softmax %0 {axis = 2 : i64} : tensor<1x64xf32> -> tensor<1x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<9x8xf32>)
// expected-error @below {{layout must not be none}}
%1 = inlay_nn.rotary none %0#0, %0#1, %0#1 {num_heads = 4 : i64} : (tensor<1x1x64xf32>, tensor<9x8xf32>, tensor<9x8xf32>) -> tensor<1x1x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<9x8xf32>)
// expected-error @below {{num_heads 5 does not divide the last dim, 64}}
%1 = inlay_nn.rotary halves %0#0, %0#1, %0#1 {num_heads = 5 : i64} : (tensor<1x1x64xf32>, tensor<9x8xf32>, tensor<9x8xf32>) -> tensor<1x1x64xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<9x8xf32>, tensor<8x8xf32>)
// expected-error @below {{both caches must have the same shape}}
%1 = inlay_nn.rotary halves %0#0, %0#1, %0#2 {num_heads = 4 : i64} : (tensor<1x1x64xf32>, tensor<9x8xf32>, tensor<8x8xf32>) -> tensor<1x1x64xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x128xf32>)
// expected-error @below {{num_heads 4 must be a positive multiple of kv_heads 3}}
%1 = inlay_nn.attention none %0 {head_dim = 16 : i64, kv_heads = 3 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 1.0 : f64, value_dim = 16 : i64} : (tensor<1x1x128xf32>) -> tensor<1x1x64xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x128xf32>)
// expected-error @below {{head_dim and value_dim must be at least 1 and window at least 0}}
%1 = inlay_nn.attention none %0 {head_dim = 0 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 1.0 : f64, value_dim = 16 : i64} : (tensor<1x1x128xf32>) -> tensor<1x1x64xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x100xf32>)
// expected-error @below {{the query must be 3-D with a last dim of 128, got 1, 1, 100}}
%1 = inlay_nn.attention none %0 {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 1.0 : f64, value_dim = 16 : i64} : (tensor<1x1x100xf32>) -> tensor<1x1x64xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<1x1x16xf32>)
// expected-error @below {{key and value must be 3-D with last dims of 32 and 32, got 1, 1, 32 and 1, 1, 16}}
%1 = inlay_nn.attention none %0#0, %0#1, %0#2 {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 1.0 : f64, value_dim = 16 : i64} : (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<1x1x16xf32>) -> tensor<1x1x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x128xf32>, tensor<1x2x7x16xf32>)
// expected-error @below {{has a past without a present}}
%1 = inlay_nn.attention none %0#0 past %0#1, %0#1 {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 1.0 : f64, value_dim = 16 : i64} : (tensor<1x1x128xf32>, tensor<1x2x7x16xf32>, tensor<1x2x7x16xf32>) -> tensor<1x1x64xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x128xf32>)
// expected-error @below {{the state must be batch x 2 x length x 16, got 1, 2, 8, 8}}
%1, %2, %3 = inlay_nn.attention none %0 {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 1, 1>, scale = 1.0 : f64, value_dim = 16 : i64} : (tensor<1x1x128xf32>) -> (tensor<1x1x64xf32>, tensor<1x2x8x8xf32>, tensor<1x2x8x16xf32>)

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<f32>, tensor<1x1x32xf32>)
// expected-error @below {{key and value must be 3-D with last dims of 32 and 32, got  and 1, 1, 32}}
%1 = inlay_nn.attention none %0#0, %0#1, %0#2 {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 1.0 : f64, value_dim = 16 : i64} : (tensor<1x1x64xf32>, tensor<f32>, tensor<1x1x32xf32>) -> tensor<1x1x64xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x128xf32>)
// expected-error @below {{the result must be 3-D with a last dim of 64, got }}
%1 = inlay_nn.attention none %0 {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 1.0 : f64, value_dim = 16 : i64} : (tensor<1x1x128xf32>) -> tensor<f32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<f32>, tensor<1xf32>)
// expected-error @below {{needs an input of at least one dim}}
%1 = inlay_nn.rms_norm %0#0, %0#1 {epsilon = 1.0e-05 : f64} : (tensor<f32>, tensor<1xf32>) -> tensor<f32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<f32>, tensor<1xf32>)
// expected-error @below {{needs an input of at least one dim}}
%1 = inlay_nn.layer_norm %0#0, %0#1 {epsilon = 1.0e-05 : f64} : (tensor<f32>, tensor<1xf32>) -> tensor<f32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x128xf32>)
// expected-error @below {{the result must be 3-D with a last dim of 64, got 1, 1, 32}}
%1 = inlay_nn.attention none %0 {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 1.0 : f64, value_dim = 16 : i64} : (tensor<1x1x128xf32>) -> tensor<1x1x32xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x128xf32>)
// expected-error @below {{must have cos and sin exactly if its layout is not none}}
%1 = inlay_nn.attention halves %0 {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 1.0 : f64, value_dim = 16 : i64} : (tensor<1x1x128xf32>) -> tensor<1x1x64xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x4xf32>)
// expected-error @below {{needs 2-D logits and k between 1 and the number of experts, got k 5 for 1, 4}}
%1, %2 = inlay_nn.route topk_softmax %0 {k = 5 : i64} : (tensor<1x4xf32>) -> (tensor<1x5xf32>, tensor<1x5xi64>)

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x4xf32>)
// expected-error @below {{needs a least_sum of at least 0}}
%1, %2 = inlay_nn.route softmax_topk %0 {k = 2 : i64, renormalize, least_sum = -1.0 : f64} : (tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x4xf32>)
// expected-error @below {{both results must be 1 x 2}}
%1, %2 = inlay_nn.route topk_softmax %0 {k = 2 : i64} : (tensor<1x4xf32>) -> (tensor<1x3xf32>, tensor<1x2xi64>)

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x4xf32>)
// expected-error @below {{groups 3 must divide 4 experts, and top_groups 1 be between 1 and groups}}
%1, %2 = inlay_nn.route topk_softmax %0 {k = 2 : i64, groups = 3 : i64} : (tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x4xf32>)
// expected-error @below {{best_per_group must be between 1 and 2, the experts of a group, got 3}}
%1, %2 = inlay_nn.route topk_softmax %0 {k = 2 : i64, groups = 2 : i64, best_per_group = 3 : i64} : (tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x4xf32>, tensor<3xf32>)
// expected-error @below {{the bias must have 4 elements, got 3}}
%1, %2 = inlay_nn.route topk_softmax %0#0 bias %0#1 {k = 2 : i64} : (tensor<1x4xf32>, tensor<3xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x4xf32>)
// expected-error @below {{as a sparse_mixer must have neither a bias nor groups, and a threshold of at least 0}}
%1, %2 = inlay_nn.route sparse_mixer %0 {k = 2 : i64, threshold = -1.0 : f64} : (tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x4xf32>)
// expected-error @below {{must have scores exactly if its kind is topk}}
%1, %2 = inlay_nn.route topk %0 {k = 2 : i64} : (tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x4xf32>, tensor<2x4xf32>)
// expected-error @below {{scores must have the shape of the logits}}
%1, %2 = inlay_nn.route topk %0#0 scores %0#1 {k = 2 : i64} : (tensor<1x4xf32>, tensor<2x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)

// -----

%0:5 = inlay_nn.opaque "operands"() : () -> (tensor<3x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>)
// expected-error @below {{weights and indices must be 2-D of the same shape, one row per token}}
%1 = inlay_nn.experts relu %0#0, %0#1, %0#2 fc1 %0#3 fc2 %0#4 : (tensor<3x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<3x64xf32>

// -----

%0:5 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<128x64xf32>, tensor<4x64x64xf32>)
// expected-error @below {{fc1 and fc2 must be 3-D}}
%1 = inlay_nn.experts relu %0#0, %0#1, %0#2 fc1 %0#3 fc2 %0#4 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<128x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32>

// -----

%0:5 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>)
// expected-error @below {{must be swiglu where silu has fc3}}
%1 = inlay_nn.experts silu %0#0, %0#1, %0#2 fc1 %0#3 fc2 %0#4 fc3 %0#4 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32>

// -----

%0:5 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x32xf32>)
// expected-error @below {{must have fc3, the linear part of swiglu}}
%1 = inlay_nn.experts swiglu %0#0, %0#1, %0#2 fc1 %0#3 fc2 %0#3 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32>

// -----

%0:5 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x32xf32>)
// expected-error @below {{fc2 must be 4 x 64 x 64, got 4, 64, 32}}
%1 = inlay_nn.experts relu %0#0, %0#1, %0#2 fc1 %0#3 fc2 %0#4 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x32xf32>) -> tensor<1x64xf32>

// -----

%0:5 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x32xui8>, tensor<4x64x32xui8>)
// expected-error @below {{fc1 must have scales exactly if there is 'quant'}}
%1 = inlay_nn.experts relu %0#0, %0#1, %0#2 fc1 %0#3 fc2 %0#4 {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x32xui8>, tensor<4x64x32xui8>) -> tensor<1x64xf32>

// -----

%0:6 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>, tensor<4xf32>)
// expected-error @below {{the bias of fc1 must have 4 x 64 elements, got 4}}
%1 = inlay_nn.experts relu %0#0, %0#1, %0#2 fc1 %0#3 bias %0#5 fc2 %0#4 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x8xf32>)
// expected-error @below {{the result must have the input's shape 1, 8, got 8}}
%1 = inlay_nn.unary silu %0 : tensor<1x8xf32> -> tensor<8xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<3x8xf32>, tensor<2x8xf32>)
// expected-error @below {{the shapes of the operands do not broadcast}}
%1 = inlay_nn.binary add %0#0, %0#1 : (tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<3x8xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x8xf32>, tensor<2x8xf32>)
// expected-error @below {{the result must have the broadcast shape 2, 8, got 1, 8}}
%1 = inlay_nn.binary add %0#0, %0#1 : (tensor<1x8xf32>, tensor<2x8xf32>) -> tensor<1x8xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1xf32>)
// expected-error @below {{needs the name of an operator}}
%1 = inlay_nn.opaque ""(%0) : (tensor<1xf32>) -> tensor<1xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1xf32>)
// expected-error @below {{absent_inputs are not ascending positions of inputs}}
%1 = inlay_nn.opaque "Clip"(%0) {absent_inputs = array<i64: 2>} : (tensor<1xf32>) -> tensor<1xf32>

// -----

// expected-error @below {{absent_outputs are not ascending positions of outputs}}
%0 = inlay_nn.opaque "Dropout"() {absent_outputs = array<i64: 1, 0>} : () -> tensor<1xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1xf32>)
// expected-error @below {{has a body, which says what its attributes say}}
%1 = inlay_nn.opaque "If"(%0) body {
^bb0(%x: tensor<1xf32>):
  inlay_nn.yield %x : tensor<1xf32>
} {own_opset = 3 : i64} : (tensor<1xf32>) -> tensor<1xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1xf32>)
// expected-error @below {{has a body whose arguments are not of the types of the inputs}}
%1 = inlay_nn.opaque "If"(%0) body {
^bb0(%x: tensor<2xf32>):
  inlay_nn.yield %x : tensor<2xf32>
} : (tensor<1xf32>) -> tensor<2xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1xf32>)
// expected-error @below {{has a body whose yielded values are not of the types of the outputs}}
%1 = inlay_nn.opaque "If"(%0) body {
^bb0(%x: tensor<1xf32>):
  inlay_nn.yield %x : tensor<1xf32>
} : (tensor<1xf32>) -> tensor<2xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1xf32>)
// expected-error @below {{has a body that does not end in inlay_nn.yield}}
%1 = inlay_nn.opaque "If"(%0) body {
^bb0(%x: tensor<1xf32>):
  "test.end"() : () -> ()
} : (tensor<1xf32>) -> tensor<1xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x8xf32>)
// expected-error @below {{axis 2 is no dim of the input or occurs twice}}
%1 = inlay_nn.reduce sum %0 {axes = array<i64: 2>} : tensor<1x8xf32> -> tensor<1xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x8xf32>)
// expected-error @below {{the result must have 1 elements, got 2}}
%1 = inlay_nn.reduce sum %0 {axes = array<i64: 1>} : tensor<1x8xf32> -> tensor<2xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x8xf32>)
// expected-error @below {{a result must have the input's shape with a last dim of at most 8, got 1, 9}}
%1, %2 = inlay_nn.top_k %0 : tensor<1x8xf32> -> tensor<1x9xf32>, tensor<1x9xi64>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<1x8xf32>)
// expected-error @below {{must keep the element type and the number of elements, got 1, 8 to 9}}
%1 = inlay_nn.reshape %0 : tensor<1x8xf32> -> tensor<9xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<2x8xf32>)
// expected-error @below {{'permutation' must be a permutation of the input's dims}}
%1 = inlay_nn.transpose %0 {permutation = array<i64: 0, 0>} : tensor<2x8xf32> -> tensor<2x8xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<2x8xf32>)
// expected-error @below {{the result must have the permuted shape of the input, got 2, 8}}
%1 = inlay_nn.transpose %0 {permutation = array<i64: 1, 0>} : tensor<2x8xf32> -> tensor<2x8xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<2x8xf32>)
// expected-error @below {{needs at least one input}}
%1 = inlay_nn.concat {axis = 0 : i64} : () -> tensor<2x8xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<2x8xf32>)
// expected-error @below {{axis 2 is not a dim of the result}}
%1 = inlay_nn.concat %0 {axis = 2 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<8xf32>)
// expected-error @below {{inputs must have the rank of the result}}
%1 = inlay_nn.concat %0 {axis = 0 : i64} : (tensor<8xf32>) -> tensor<1x8xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<2x7xf32>)
// expected-error @below {{inputs may differ along axis 0 only}}
%1 = inlay_nn.concat %0 {axis = 0 : i64} : (tensor<2x7xf32>) -> tensor<2x8xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<2x8xf32>)
// expected-error @below {{the inputs add up to 2 along axis 0, but the result has 3}}
%1 = inlay_nn.concat %0 {axis = 0 : i64} : (tensor<2x8xf32>) -> tensor<3x8xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<8xf32>)
// expected-error @below {{needs one offset and one stride for each dim}}
%1 = inlay_nn.slice %0 {offsets = array<i64: 0, 0>, strides = array<i64: 1>} : tensor<8xf32> -> tensor<8xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<8xf32>)
// expected-error @below {{takes 5 elements from 1 on, 2 apart, of dim 0 of size 8}}
%1 = inlay_nn.slice %0 {offsets = array<i64: 1>, strides = array<i64: 2>} : tensor<8xf32> -> tensor<5xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> (tensor<3x8xf32>)
// expected-error @below {{shape 3, 8 does not broadcast to 4, 8}}
%1 = inlay_nn.broadcast %0 : tensor<3x8xf32> -> tensor<4x8xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<8xf32>, tensor<2xi64>)
// expected-error @below {{axis 1 is not a dim of the input}}
%1 = inlay_nn.gather %0#0, %0#1 {axis = 1 : i64} : (tensor<8xf32>, tensor<2xi64>) -> tensor<2xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<8xf32>, tensor<2xi64>)
// expected-error @below {{the result must be 2, got 3}}
%1 = inlay_nn.gather %0#0, %0#1 {axis = 0 : i64} : (tensor<8xf32>, tensor<2xi64>) -> tensor<3xf32>

// -----

// expected-error @below {{has 0 argument names for 1 arguments}}
inlay_nn.graph @g(%x: tensor<1xf32>) attributes {arg_names = [], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = [], tokens = 1 : i64} {
  inlay_nn.return
}

// -----

// expected-error @below {{has 1 result names for 0 results}}
inlay_nn.graph @g() attributes {arg_names = [], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
  inlay_nn.return
}

// -----

// expected-error @below {{phase must be decode or prefill, got 'train'}}
inlay_nn.graph @g() attributes {arg_names = [], batch = 1 : i64, context = 0 : i64, phase = "train", result_names = [], tokens = 1 : i64} {
  inlay_nn.return
}

// -----

// expected-error @below {{needs a batch and tokens of at least 1 and a context of at least 0, got batch 0, tokens 1, context 0}}
inlay_nn.graph @g() attributes {arg_names = [], batch = 0 : i64, context = 0 : i64, phase = "decode", result_names = [], tokens = 1 : i64} {
  inlay_nn.return
}

// -----

inlay_nn.graph @g(%x: tensor<1xf32>) attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = [], tokens = 1 : i64} {
  // expected-error @below {{operand types are not the results of the graph}}
  inlay_nn.return %x : tensor<1xf32>
}

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<1x1x32xf32>)
// expected-error @below {{needs both key and value, or neither}}
%1 = "inlay_nn.attention"(%0#0, %0#1) <{head_dim = 16 : i64, kv_heads = 2 : i64, layout = #inlay_nn<rotary_layout none>, num_heads = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 2.5e-01 : f64, value_dim = 16 : i64}> : (tensor<1x1x64xf32>, tensor<1x1x32xf32>) -> tensor<1x1x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<128x64xi4>, tensor<128x2xf32>)
// expected-error @below {{needs a block of at least 0 for each dim of 128, 64, got 32}}
%1 = inlay_nn.dequantize %0#0 scales %0#1 {blocks = array<i64: 32>} : (tensor<128x64xi4>, tensor<128x2xf32>) -> tensor<128x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<128x64xi4>, tensor<128x4xf32>)
// expected-error @below {{needs 256 scales, got 512}}
%1 = inlay_nn.dequantize %0#0 scales %0#1 {blocks = array<i64: 1, 32>} : (tensor<128x64xi4>, tensor<128x4xf32>) -> tensor<128x64xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<128x64xi4>, tensor<128xf32>, tensor<i4>)
// expected-error @below {{needs as many zero points as scales, 128, got 1}}
%1 = inlay_nn.dequantize %0#0 scales %0#1 zero_points %0#2 {blocks = array<i64: 1, 0>} : (tensor<128x64xi4>, tensor<128xf32>, tensor<i4>) -> tensor<128x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<128x64xi4>, tensor<128xf32>)
// expected-error @below {{the result must have the input's shape 128, 64, got 64, 128}}
%1 = inlay_nn.dequantize %0#0 scales %0#1 {blocks = array<i64: 1, 0>} : (tensor<128x64xi4>, tensor<128xf32>) -> tensor<64x128xf32>

// -----

// expected-error @below {{the result must be 1-D, got 8, 1}}
%0 = inlay_nn.range {start = 0.0 : f64, step = 1.0 : f64} : tensor<8x1xi64>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x8x4xf32>, tensor<1x1x4xf32>)
// expected-error @below {{the result must be a 'tensor<1x8x4xf32>', got 'tensor<1x9x4xf32>'}}
%1 = inlay_nn.cache_write %0#0, %0#1 {axis = 1 : i64} : (tensor<1x8x4xf32>, tensor<1x1x4xf32>) -> tensor<1x9x4xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x8x4xf32>, tensor<1x1x4xf32>)
// expected-error @below {{axis 3 is not a dim of the cache}}
%1 = inlay_nn.cache_write %0#0, %0#1 {axis = 3 : i64} : (tensor<1x8x4xf32>, tensor<1x1x4xf32>) -> tensor<1x8x4xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x8x4xf32>, tensor<1x9x4xf32>)
// expected-error @below {{an update of 1, 9, 4 does not fit into a cache of 1, 8, 4 along axis 1}}
%1 = inlay_nn.cache_write %0#0, %0#1 {axis = 1 : i64} : (tensor<1x8x4xf32>, tensor<1x9x4xf32>) -> tensor<1x8x4xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<f32>)
// expected-error @below {{needs scales of both key and value, or of neither}}
%1 = "inlay_nn.attention"(%0#0, %0#1, %0#1, %0#2) <{head_dim = 16 : i64, kv_heads = 2 : i64, layout = #inlay_nn<rotary_layout none>, num_heads = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0>, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 2.5e-01 : f64, value_dim = 16 : i64}> : (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<1x1x32xf32>, tensor<f32>) -> tensor<1x1x64xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<16xf32>)
// expected-error @below {{needs norms of both query and key, or of neither}}
%1 = "inlay_nn.attention"(%0#0, %0#1, %0#1, %0#2) <{head_dim = 16 : i64, kv_heads = 2 : i64, layout = #inlay_nn<rotary_layout none>, num_heads = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0>, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 2.5e-01 : f64, value_dim = 16 : i64}> : (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<1x1x32xf32>, tensor<16xf32>) -> tensor<1x1x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<1x1x32xf32>)
// expected-error @below {{state_bits must be 0 or 4, got 3}}
%1 = inlay_nn.attention none %0#0, %0#1, %0#1 {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 2.5e-01 : f64, state_bits = 3 : i64, value_dim = 16 : i64} : (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<1x1x32xf32>) -> tensor<1x1x64xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<1x1xi64>)
// expected-error @below {{has positions, but does not rotate}}
%1 = inlay_nn.attention none %0#0, %0#1, %0#1 positions %0#2 {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 2.5e-01 : f64, value_dim = 16 : i64} : (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<1x1x32xf32>, tensor<1x1xi64>) -> tensor<1x1x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<1x1x16xf32>)
// expected-error @below {{with 'value_in_key' needs a key of at least value_dim channels, and no state of values without a value}}
%1 = inlay_nn.attention none %0#0, %0#1 {head_dim = 16 : i64, kv_heads = 1 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 2.5e-01 : f64, value_dim = 32 : i64, value_in_key} : (tensor<1x1x64xf32>, tensor<1x1x16xf32>) -> tensor<1x1x128xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<1x1x16xf32>)
// expected-error @below {{with keys in two parts needs a second part, and has no rotation, norms or scales}}
%1 = inlay_nn.attention none %0#0, %0#1, %0#1 {head_dim = 16 : i64, kv_heads = 1 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 2.5e-01 : f64, value_dim = 16 : i64, value_in_key} : (tensor<1x1x64xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>) -> tensor<1x1x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<1x1x32xf32>)
// expected-error @below {{the key must be 3-D with a last dim of 16, got 1, 1, 32}}
%1 = inlay_nn.attention none %0#0, %0#1 {head_dim = 16 : i64, kv_heads = 1 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 0, 0>, scale = 2.5e-01 : f64, value_dim = 8 : i64, value_in_key} : (tensor<1x1x64xf32>, tensor<1x1x32xf32>) -> tensor<1x1x32xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<4x8xf32>, tensor<8x4xf32>)
// expected-error @below {{the result must end in 4 x 4 and have 2 dims, got 4}}
%1 = inlay_nn.matmul %0#0, %0#1 : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<4x8xf32>, tensor<8x4xf32>)
// expected-error @below {{the result must end in 4 x 4 and have 2 dims, got 4, 8}}
%1 = inlay_nn.matmul %0#0, %0#1 : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> tensor<f32>
// expected-error @below {{needs an input of at least one dim}}
%1 = inlay_nn.rms_norm %0, %0 {epsilon = 1.0e-5 : f64} : (tensor<f32>, tensor<f32>) -> tensor<f32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<f32>)
// expected-error @below {{the caches need a row of angles, got scalars}}
%1 = inlay_nn.rotary halves %0#0, %0#1, %0#1 {num_heads = 4 : i64} : (tensor<1x1x64xf32>, tensor<f32>, tensor<f32>) -> tensor<1x1x64xf32>

// -----

%0:2 = inlay_nn.opaque "operands"() : () -> (tensor<1x1x64xf32>, tensor<9x7xf32>)
// expected-error @below {{caches of full width must have an even number of columns, got 7}}
%1 = inlay_nn.rotary halves %0#0, %0#1, %0#1 {full_width, num_heads = 4 : i64} : (tensor<1x1x64xf32>, tensor<9x7xf32>, tensor<9x7xf32>) -> tensor<1x1x64xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<ui8>, tensor<1x1xi64>, tensor<1xf32>)
// expected-error @below {{the table must have rows, got a scalar}}
%1 = inlay_nn.embedding %0#0, %0#1 scales %0#2 {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<ui8>, tensor<1x1xi64>, tensor<1xf32>) -> tensor<1x1x64xf32>

// -----

%0 = inlay_nn.opaque "operands"() : () -> tensor<1xf32>
// expected-error @below {{rows must be at least 1, got 0}}
%1 = inlay_nn.linear %0, %0 {quant = #inlay_nn.block_quant<bits = 8, block = 128, rows = 0>} : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<128x64xf8E4M3FN>, tensor<128x2xf32>)
// expected-error @below {{needs 4 x 2 scales, got 256}}
%1 = inlay_nn.linear %0#0, %0#1 scales %0#2 {quant = #inlay_nn.block_quant<bits = 8, block = 32, rows = 32>} : (tensor<1x64xf32>, tensor<128x64xf8E4M3FN>, tensor<128x2xf32>) -> tensor<1x128xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<256x64xf8E4M3FN>, tensor<1x1xi64>, tensor<8x2xf32>)
// expected-error @below {{must have scales for each row: 'quant' has rows that share them}}
%1 = inlay_nn.embedding %0#0, %0#1 scales %0#2 {quant = #inlay_nn.block_quant<bits = 8, block = 32, rows = 32>} : (tensor<256x64xf8E4M3FN>, tensor<1x1xi64>, tensor<8x2xf32>) -> tensor<1x1x64xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<4x8x16xf32>, tensor<4x8x16xf8E4M3FN>, tensor<4x1x1xf32>)
// expected-error @below {{must have scales exactly if it has 'quant', and zero points only then}}
%1 = inlay_nn.matmul %0#0, %0#1 scales %0#2 {transposed} : (tensor<4x8x16xf32>, tensor<4x8x16xf8E4M3FN>, tensor<4x1x1xf32>) -> tensor<4x8x8xf32>

// -----

%0:3 = inlay_nn.opaque "operands"() : () -> (tensor<4x8x16xf32>, tensor<4x8x16xf8E4M3FN>, tensor<4x1x1xf32>)
// expected-error @below {{needs 32 scales, got 4}}
%1 = inlay_nn.matmul %0#0, %0#1 scales %0#2 {transposed, quant = #inlay_nn.block_quant<bits = 8, block = 16>} : (tensor<4x8x16xf32>, tensor<4x8x16xf8E4M3FN>, tensor<4x1x1xf32>) -> tensor<4x8x8xf32>

// -----

%0:6 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf8E4M3FN>, tensor<4x2x1xf32>, tensor<3xf32>)
// expected-error @below {{fc1 needs 4 x 2 x 2 scales, got 4, 2, 1}}
%1 = inlay_nn.experts relu %0#0, %0#1, %0#2 fc1 %0#3 scales %0#4 fc2 %0#3 scales %0#4 {quant = #inlay_nn.block_quant<bits = 8, block = 32, rows = 32>} : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf8E4M3FN>, tensor<4x2x1xf32>, tensor<4x64x64xf8E4M3FN>, tensor<4x2x1xf32>) -> tensor<1x64xf32>

// -----

%0:6 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf8E4M3FN>, tensor<4x2x2xf32>, tensor<3xf32>)
// expected-error @below {{the global scales of fc2 must be 4 and go with 'quant'}}
%1 = inlay_nn.experts relu %0#0, %0#1, %0#2 fc1 %0#3 scales %0#4 fc2 %0#3 scales %0#4 global2 %0#5 {quant = #inlay_nn.block_quant<bits = 8, block = 32, rows = 32>} : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf8E4M3FN>, tensor<4x2x2xf32>, tensor<4x64x64xf8E4M3FN>, tensor<4x2x2xf32>, tensor<3xf32>) -> tensor<1x64xf32>

// -----

%0:4 = inlay_nn.opaque "operands"() : () -> (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>)
// expected-error @below {{has 'fc2_quant', but no 'quant'}}
%1 = inlay_nn.experts relu %0#0, %0#1, %0#2 fc1 %0#3 fc2 %0#3 {fc2_quant = #inlay_nn.block_quant<bits = 8, block = 32, rows = 32>} : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32>

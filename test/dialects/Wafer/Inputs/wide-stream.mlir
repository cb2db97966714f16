// A kernel whose streams are larger than a core, and whose tokens are not cut.
inlay_dataflow.graph @main phase(prefill) batch(1) context(0) tokens(100000) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<100000x1xf32>>
  %0 = inlay_dataflow.kernel @wide role(other)
      (%in = %x : !inlay_dataflow.stream<tensor<100000x1xf32>>)
      -> !inlay_dataflow.stream<tensor<100000x1xf32>> {
    %y = inlay_nn.opaque "Op"(%in) : (tensor<100000x1xf32>) -> tensor<100000x1xf32>
    inlay_dataflow.yield %y : tensor<100000x1xf32>
  }
  inlay_dataflow.sink "y" %0 : !inlay_dataflow.stream<tensor<100000x1xf32>>
}

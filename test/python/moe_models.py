"""One mixture of experts in the encodings that exporters write, as ONNX models with random weights.

`Spec` says what the block computes, `build` writes it in encoding A to F (see docs/guide of the raising passes), and `disturb` changes what must not
matter: names, order of nodes, nodes that only move data. `reference` is the same in numpy.
"""

import dataclasses
import random

import numpy as np
from onnx import TensorProto, helper, numpy_helper

MS = "com.microsoft"


@dataclasses.dataclass(frozen=True)
class Spec:
    """What a block computes; the defaults are Mixtral's and Qwen3-MoE's."""

    tokens: int = 6
    hidden: int = 16
    inner: int = 12
    experts: int = 4
    top_k: int = 2
    router: str = "softmax_topk"  # topk_softmax, sigmoid, sparse_mixer
    threshold: float = 0.02  # of the sparse mixer
    renormalize: bool = True
    epsilon: float = 0.0
    scale: float = 1.0
    selection_bias: bool = False
    groups: int = 1
    top_groups: int = 1
    layout: str = "separate"  # interleaved, halves: gate and up in one matrix
    bias: bool = False
    activation: str = "silu"  # gelu, relu; swiglu has the numbers below
    alpha: float = 1.0
    beta: float = 0.0
    limit: float = 0.0
    gated: bool = True
    weight_on_input: bool = False
    shared: bool = False
    weights: str = "kn"  # nk: matrices transposed by a node; int8, uint8, blocks: dequantised, then transposed
    einsum: bool = False  # products and the sum of encoding D as Einsum
    swiglu: bool = False  # the operator in place of its parts


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def i64(*values):
    return np.array(values, np.int64)


def scalar(value, dtype=np.int64):
    return np.array(value, dtype)


class Weights:
    """Random numbers of one block; rows are outputs."""

    def __init__(self, spec, seed=7):
        rng = np.random.default_rng(seed)

        def draw(*shape):
            return (rng.standard_normal(shape) / 4).astype("f")

        e, i, h = spec.experts, spec.inner, spec.hidden
        self.x = draw(1, spec.tokens, h) * 4
        self.router = draw(h, e) * 4
        self.selection_bias = np.abs(draw(e))
        self.gate, self.up, self.down = draw(e, i, h), draw(e, i, h), draw(e, h, i)
        self.gate_bias, self.up_bias, self.down_bias = draw(e, i), draw(e, i), draw(e, h)
        self.shared_gate, self.shared_up, self.shared_down = draw(h, 20), draw(h, 20), draw(20, h)


def fuse(spec, gate, up):
    """gate and up rows (dim 1) in one matrix."""
    if spec.layout == "halves":
        return np.concatenate([gate, up], 1)
    both = np.empty((gate.shape[0], 2 * gate.shape[1], *gate.shape[2:]), "f")
    both[:, 0::2], both[:, 1::2] = gate, up
    return both


class Builder:
    """Appends nodes in the order of the calls; arrays become initializers."""

    def __init__(self):
        self.nodes, self.initializers, self._count = [], [], 0

    def op(self, op_type, *inputs, outputs=1, domain="", **attributes):
        self._count += 1
        names = [f"{op_type}_{self._count}_{k}" for k in range(outputs)]
        operands = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        self.nodes.append(helper.make_node(op_type, operands, names, name=f"n{self._count}_{op_type}", domain=domain,
                                           **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, array):
        self._count += 1
        self.initializers.append(numpy_helper.from_array(np.asarray(array), f"c{self._count}"))
        return f"c{self._count}"

    def fill_like(self, tensor, value=0.0):
        fill = helper.make_tensor("fill", TensorProto.FLOAT, [1], [value])
        return self.op("ConstantOfShape", self.op("Shape", tensor), value=fill)


class Block:
    """Writes one block; a method for each encoding."""

    def __init__(self, spec, weights, keep=None):
        self.spec, self.w, self.b = spec, weights, Builder()
        self.keep = range(spec.experts) if keep is None else keep

    # Router

    def logits(self):
        tokens = self.b.op("Reshape", "x", i64(-1, self.spec.hidden))
        return tokens, self.b.op("MatMul", tokens, self.w.router)

    def best_groups(self, choice):
        spec, b = self.spec, self.b
        size = spec.experts // spec.groups
        best, _ = b.op("TopK", b.op("Reshape", choice, i64(-1, spec.groups, size)), i64(2), outputs=2, axis=-1)
        score = b.op("ReduceSum", best, i64(-1), keepdims=0)
        _, groups = b.op("TopK", score, i64(spec.top_groups), outputs=2, axis=-1)
        mask = b.op("ScatterElements", b.fill_like(score), groups, b.fill_like(groups, 1.0), axis=1)
        mask = b.op("Expand", b.op("Unsqueeze", mask, i64(2)), i64(1, 1, size))
        mask = b.op("Greater", b.op("Reshape", mask, i64(-1, spec.experts)), np.float32(0))
        return b.op("Where", mask, choice, np.float32(0))

    def mix_sparsely(self, logits):
        """Phi-3.5: each round takes the largest that is left, weighed among those that are near it."""
        spec, b = self.spec, self.b
        lowest, left, weights, experts = np.float32(-np.inf), logits, [], []
        for _ in range(spec.top_k):
            largest = b.op("ReduceMax", left, i64(-1), keepdims=1)
            size = b.op("Max", b.op("Abs", left), largest)
            is_far = b.op("Greater", b.op("Div", b.op("Sub", largest, left), size), np.float32(spec.threshold))
            near = b.op("Where", is_far, lowest, left)
            _, index = b.op("TopK", near, i64(1), outputs=2, axis=-1)
            weights.append(b.op("GatherElements", b.op("Softmax", near, axis=-1), index, axis=-1))
            experts.append(index)
            left = b.op("ScatterElements", left, index, b.op("Expand", lowest, b.op("Shape", index)), axis=-1)
        return b.op("Concat", *weights, axis=-1), b.op("Concat", *experts, axis=-1)

    def route(self):
        """tokens [T, H], logits, weights [T, k], indices [T, k]"""
        spec, b = self.spec, self.b
        tokens, logits = self.logits()
        if spec.router == "sparse_mixer":
            return tokens, logits, *self.mix_sparsely(logits)
        scores = {"softmax_topk": lambda: b.op("Softmax", logits, axis=-1), "topk_softmax": lambda: logits,
                  "sigmoid": lambda: b.op("Sigmoid", logits)}[spec.router]()
        choice = b.op("Add", scores, self.w.selection_bias) if spec.selection_bias else scores
        if spec.groups > 1:
            choice = self.best_groups(choice)
        values, experts = b.op("TopK", choice, i64(spec.top_k), outputs=2, axis=-1)
        if spec.selection_bias or spec.groups > 1:
            values = b.op("GatherElements", scores, experts, axis=1)
        if spec.router == "topk_softmax":
            values = b.op("Softmax", values, axis=-1)
        elif spec.renormalize:
            total = b.op("ReduceSum", values, i64(-1), keepdims=1)
            if spec.epsilon:
                total = b.op("Add", total, np.float32(spec.epsilon))
            values = b.op("Div", values, total)
        if spec.scale != 1:
            values = b.op("Mul", values, np.float32(spec.scale))
        return tokens, logits, values, experts

    # Experts

    def activate(self, gate, up):
        spec, b = self.spec, self.b
        if spec.limit:
            gate = b.op("Clip", gate, "", np.float32(spec.limit))
            up = b.op("Clip", up, np.float32(-spec.limit), np.float32(spec.limit))
        if spec.activation == "relu":
            act = b.op("Relu", gate)
        elif spec.activation == "gelu":
            act = b.op("Mul", b.op("Mul", gate, np.float32(0.5)),
                       b.op("Add", b.op("Erf", b.op("Div", gate, np.float32(np.sqrt(2)))), np.float32(1)))
        else:
            scaled = gate if spec.alpha == 1 else b.op("Mul", gate, np.float32(spec.alpha))
            act = b.op("Mul", gate, b.op("Sigmoid", scaled))
        if not spec.gated:
            return act
        if spec.swiglu:
            return b.op("SwiGLU", gate, up)
        if spec.beta:
            up = b.op("Add", up, np.float32(spec.beta))
        return b.op("Mul", act, up)

    def linear(self, x, matrix, bias=None):
        """x [.., K] times the transpose of matrix [.., N, K]"""
        b = self.b
        if self.spec.weights in ("int8", "uint8", "blocks"):
            perm = list(range(matrix.ndim - 2)) + [matrix.ndim - 1, matrix.ndim - 2]
            y = b.op("MatMul", x, b.op("Transpose", self.dequantised(matrix), perm=perm))
        elif self.spec.einsum and matrix.ndim == 3:
            y = b.op("Einsum", x, matrix, equation="etk,enk->etn")
        elif self.spec.weights == "nk":
            perm = list(range(matrix.ndim - 2)) + [matrix.ndim - 1, matrix.ndim - 2]
            y = b.op("MatMul", x, b.op("Transpose", matrix, perm=perm))
        else:
            y = b.op("MatMul", x, np.ascontiguousarray(np.swapaxes(matrix, -1, -2)))
        return y if bias is None else b.op("Add", y, bias)

    def dequantised(self, matrix):
        """matrix [.., N, K] from bytes: a scale for each row (2-D only), or for each block of 16 columns."""
        b = self.b
        if self.spec.weights == "blocks":
            steps = np.full((*matrix.shape[:-1], matrix.shape[-1] // 16), 1 / 128, "f")
            return b.op("DequantizeLinear", np.round(matrix * 128).astype(np.int8), steps, axis=matrix.ndim - 1,
                        block_size=16)
        steps = np.full(matrix.shape[-2], 1 / 128, "f")
        axis = matrix.ndim - 2
        if self.spec.weights == "int8":
            return b.op("DequantizeLinear", np.round(matrix * 128).astype(np.int8), steps, axis=axis)
        zeros = np.full(matrix.shape[-2], 120, np.uint8)
        return b.op("DequantizeLinear", np.round(matrix * 128 + 120).astype(np.uint8), steps, zeros, axis=axis)

    def halves(self, y):
        """gate and up of the last dim."""
        inner, b = self.spec.inner, self.b
        if self.spec.layout == "halves":
            return b.op("Split", y, i64(inner, inner), outputs=2, axis=-1)
        ends = i64(2 * inner)
        return b.op("Slice", y, i64(0), ends, i64(-1), i64(2)), b.op("Slice", y, i64(1), ends, i64(-1), i64(2))

    def matrices(self, index):
        """Weights and biases (or None) at `index`, an expert or all of them."""
        spec, w = self.spec, self.w

        def pick(weight, bias):
            # Biases of batched products have a dim for the rows of the batch.
            bias = bias if isinstance(index, int) else bias[:, None, :]
            return weight[index], bias[index] if spec.bias else None

        down = pick(w.down, w.down_bias)
        if not spec.gated:
            return [pick(w.gate, w.gate_bias)], down
        if spec.layout == "separate":
            return [pick(w.gate, w.gate_bias), pick(w.up, w.up_bias)], down
        return [pick(fuse(spec, w.gate, w.up), fuse(spec, w.gate_bias, w.up_bias))], down

    def mlp(self, x, index):
        first, down = self.matrices(index)
        if not self.spec.gated:
            gate, up = self.linear(x, *first[0]), None
        elif self.spec.layout == "separate":
            gate, up = (self.linear(x, *matrix) for matrix in first)
        else:
            gate, up = self.halves(self.linear(x, *first[0]))
        return self.linear(self.activate(gate, up), *down)

    # Encodings

    def encode_a(self):
        spec, w, b = self.spec, self.w, self.b
        _, logits = self.logits()
        attributes = dict(k=spec.top_k, activation_type="swiglu" if spec.gated else spec.activation,
                          normalize_routing_weights=int(spec.renormalize or spec.router == "topk_softmax"))
        fc1, bias1, fc3, bias3 = w.gate, w.gate_bias, "", ""
        if spec.gated:
            attributes |= dict(activation_alpha=spec.alpha, activation_beta=spec.beta)
            if spec.limit:
                attributes["swiglu_limit"] = spec.limit
            if spec.layout == "separate":
                fc3, bias3 = w.up, w.up_bias
            else:
                attributes["swiglu_fusion"] = 1 if spec.layout == "interleaved" else 2
                fc1, bias1 = fuse(spec, w.gate, w.up), fuse(spec, w.gate_bias, w.up_bias)
        if not spec.bias:
            bias1 = bias3 = ""
        return b.op("MoE", "x", logits, fc1, bias1, w.down, w.down_bias if spec.bias else "", fc3, bias3, domain=MS,
                    **attributes)

    def encode_b(self):
        b = self.b
        tokens, _, weights, experts = self.route()
        result = None
        for e in self.keep:
            mask = b.op("CastLike", b.op("Equal", experts, scalar(e)), weights)
            weight = b.op("ReduceSum", b.op("Mul", weights, mask), i64(-1), keepdims=1)
            if self.spec.weight_on_input:
                y = self.mlp(b.op("Mul", tokens, weight), e)
            else:
                y = b.op("Mul", self.mlp(tokens, e), weight)
            result = y if result is None else b.op("Add", result, y)
        return result

    def encode_c(self):
        spec, b = self.spec, self.b
        tokens, _, weights, experts = self.route()
        flat = b.op("Reshape", experts, i64(-1))
        token_of = np.repeat(np.arange(spec.tokens), spec.top_k).astype(np.int64)
        pairs = b.op("Gather", tokens, token_of, axis=0)
        if spec.weight_on_input:
            pairs = b.op("Mul", pairs, b.op("Reshape", weights, i64(-1, 1)))
        x = b.op("Unsqueeze", pairs, i64(-1))

        def product(v, matrix, bias):
            y = b.op("Squeeze", b.op("MatMul", b.op("Gather", matrix, flat, axis=0), v), i64(-1))
            return y if bias is None else b.op("Add", y, b.op("Gather", bias[:, 0], flat, axis=0))

        first, down = self.matrices(slice(None))
        if not spec.gated:
            gate, up = product(x, *first[0]), None
        elif spec.layout == "separate":
            gate, up = (product(x, *matrix) for matrix in first)
        else:
            gate, up = self.halves(product(x, *first[0]))
        y = product(b.op("Unsqueeze", self.activate(gate, up), i64(-1)), *down)
        if not spec.weight_on_input:
            y = b.op("Mul", y, b.op("Reshape", weights, i64(-1, 1)))
        return b.op("ReduceSum", b.op("Reshape", y, i64(spec.tokens, spec.top_k, spec.hidden)), i64(1), keepdims=0)

    def encode_d(self):
        spec, b = self.spec, self.b
        tokens, logits, weights, experts = self.route()
        full = b.op("ScatterElements", b.fill_like(logits), experts, weights, axis=1)
        if spec.einsum:
            x = b.op("Expand", b.op("Unsqueeze", tokens, i64(0)), i64(spec.experts, 1, 1))
            return b.op("Einsum", full, self.mlp(x, slice(None)), equation="te, eth -> th")
        full = b.op("Unsqueeze", b.op("Transpose", full, perm=[1, 0]), i64(-1))
        x = b.op("Expand", b.op("Unsqueeze", tokens, i64(0)), i64(spec.experts, 1, 1))
        if spec.weight_on_input:
            y = self.mlp(b.op("Mul", x, full), slice(None))
        else:
            y = b.op("Mul", self.mlp(x, slice(None)), full)
        return b.op("ReduceSum", y, i64(0), keepdims=0)

    def encode_e(self):
        b = self.b
        tokens, _, weights, experts = self.route()
        one_hot = b.op("OneHot", experts, scalar(self.spec.experts), i64(0, 1), axis=-1)
        one_hot = b.op("Transpose", one_hot, perm=[2, 1, 0])
        result = b.fill_like(tokens)
        for e in self.keep:
            hits = b.op("NonZero", b.op("Gather", one_hot, scalar(e), axis=0))
            slot, token = b.op("Split", hits, i64(1, 1), outputs=2, axis=0)
            token, slot = b.op("Squeeze", token, i64(0)), b.op("Squeeze", slot, i64(0))
            x = b.op("Gather", tokens, token, axis=0)
            pairs = b.op("Concat", b.op("Unsqueeze", token, i64(1)), b.op("Unsqueeze", slot, i64(1)), axis=1)
            weight = b.op("Unsqueeze", b.op("GatherND", weights, pairs), i64(1))
            if self.spec.weight_on_input:
                y = self.mlp(b.op("Mul", x, weight), e)
            else:
                y = b.op("Mul", self.mlp(x, e), weight)
            rows = b.op("Expand", b.op("Unsqueeze", token, i64(1)), b.op("Shape", y))
            result = b.op("ScatterElements", result, rows, y, axis=0, reduction="add")
        return result

    def encode_f(self):
        spec, b = self.spec, self.b
        tokens, _, weights, experts = self.route()
        flat = b.op("Reshape", experts, i64(-1))
        _, order = b.op("TopK", flat, i64(spec.tokens * spec.top_k), outputs=2, axis=0, largest=0, sorted=1)
        token = b.op("Div", order, scalar(spec.top_k))
        x = b.op("Gather", tokens, token, axis=0)
        one_hot = b.op("OneHot", flat, scalar(spec.experts), i64(0, 1), axis=-1)
        ends = b.op("CumSum", b.op("ReduceSum", one_hot, i64(0), keepdims=0), scalar(0))
        weight = b.op("Unsqueeze", b.op("Gather", b.op("Reshape", weights, i64(-1)), order, axis=0), i64(1))
        if spec.weight_on_input:
            x = b.op("Mul", x, weight)
        pieces, begin = [], i64(0)
        for e in self.keep:
            end = b.op("Slice", ends, i64(e), i64(e + 1), i64(0))
            pieces.append(self.mlp(b.op("Slice", x, begin, end, i64(0)), e))
            begin = end
        y = b.op("Concat", *pieces, axis=0)
        if not spec.weight_on_input:
            y = b.op("Mul", y, weight)
        rows = b.op("Expand", b.op("Unsqueeze", token, i64(1)), b.op("Shape", y))
        return b.op("ScatterElements", b.fill_like(tokens), rows, y, axis=0, reduction="add")

    def finish(self, y):
        spec, w, b = self.spec, self.w, self.b
        if spec.shared:
            x = b.op("Reshape", "x", i64(-1, spec.hidden))
            gate = b.op("MatMul", x, w.shared_gate)
            inner = b.op("Mul", b.op("Mul", gate, b.op("Sigmoid", gate)), b.op("MatMul", x, w.shared_up))
            y = b.op("Add", b.op("Reshape", y, i64(-1, spec.hidden)), b.op("MatMul", inner, w.shared_down))
        b.op("Reshape", y, i64(1, spec.tokens, spec.hidden))
        b.nodes[-1].output[0] = "y"
        shape = [1, spec.tokens, spec.hidden]
        graph = helper.make_graph(b.nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                                  [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)], b.initializers)
        # SwiGLU is of opset 28; blocks of DequantizeLinear are of opset 21.
        opset = 28 if spec.swiglu else 21 if spec.weights == "blocks" else 18
        opsets = [helper.make_opsetid("", opset), helper.make_opsetid(MS, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10 if opset > 18 else 8)


def build(letter, spec, weights=None, keep=None):
    """The model of `spec` in encoding `letter`; of its experts only those in `keep`."""
    block = Block(spec, weights or Weights(spec), keep)
    return block.finish(getattr(block, "encode_" + letter.lower())())


def reference(spec, w):
    """[tokens, hidden] by numpy."""
    x = w.x[0]
    logits = x @ w.router
    if spec.router == "sparse_mixer":
        weight, chosen = mix_sparsely(spec, logits)
        return combine(spec, w, x, weight, chosen)
    scores = {"softmax_topk": softmax, "topk_softmax": lambda v: v, "sigmoid": sigmoid}[spec.router](logits)
    choice = scores + w.selection_bias if spec.selection_bias else scores
    if spec.groups > 1:
        by_group = choice.reshape(spec.tokens, spec.groups, -1)
        best = np.argsort(-np.sort(by_group, -1)[:, :, -2:].sum(-1), 1, kind="stable")[:, :spec.top_groups]
        mask = np.zeros((spec.tokens, spec.groups))
        np.put_along_axis(mask, best, 1, 1)
        choice = np.where(np.repeat(mask, spec.experts // spec.groups, 1) > 0, choice, 0)
    chosen = np.argsort(-choice, 1, kind="stable")[:, :spec.top_k]
    weight = np.take_along_axis(scores, chosen, 1)
    if spec.router == "topk_softmax":
        weight = softmax(weight)
    elif spec.renormalize:
        weight = weight / (weight.sum(1, keepdims=True) + spec.epsilon)
    return combine(spec, w, x, weight * spec.scale, chosen)


def mix_sparsely(spec, logits):
    left, weights, chosen = logits.astype(np.float64), [], []
    for _ in range(spec.top_k):
        best = left.argmax(1)
        largest = left.max(1, keepdims=True)
        is_far = (largest - logits) / np.maximum(np.abs(logits), largest) > spec.threshold
        weights.append(softmax(np.where(is_far, -np.inf, left))[np.arange(len(left)), best])
        chosen.append(best)
        left[np.arange(len(left)), best] = -np.inf
    return np.stack(weights, 1), np.stack(chosen, 1)


def combine(spec, w, x, weight, chosen):
    """The weighted sum over the chosen experts of each row of x."""

    def expert(v, e):
        gate, up = w.gate[e] @ v, w.up[e] @ v
        if spec.bias:
            gate, up = gate + w.gate_bias[e], up + w.up_bias[e]
        if spec.limit:
            gate, up = np.minimum(gate, spec.limit), np.clip(up, -spec.limit, spec.limit)
        act = np.maximum(gate, 0) if spec.activation == "relu" else gate * sigmoid(spec.alpha * gate)
        return w.down[e] @ (act * (up + spec.beta) if spec.gated else act) + (w.down_bias[e] if spec.bias else 0)

    y = np.zeros((spec.tokens, spec.hidden))
    for t in range(spec.tokens):
        for p, e in zip(weight[t], chosen[t]):
            y[t] += expert(p * x[t], e) if spec.weight_on_input else p * expert(x[t], e)
    return y


def disturb(model, seed):
    """Changes nothing that the model computes: data goes through idle nodes, nodes come in another order, all have other names."""
    rng = random.Random(seed)
    graph = model.graph
    floats = {}
    import onnx.shape_inference
    for value in onnx.shape_inference.infer_shapes(model).graph.value_info:
        dims = [d.dim_value for d in value.type.tensor_type.shape.dim]
        if value.type.tensor_type.elem_type == TensorProto.FLOAT and dims and all(dims):
            floats[value.name] = dims
    outputs = {o.name for o in graph.output}
    nodes, extra = list(graph.node), []
    for index, node in enumerate(list(nodes)):
        for k, name in enumerate(node.output):
            if name not in floats or name in outputs or rng.random() > 0.5:
                continue
            dims, before = floats[name], f"idle{seed}_{index}_{k}"
            node.output[k] = before
            kind = rng.choice(["identity", "cast", "reshape", "transpose"])
            make = helper.make_node
            if kind == "identity":
                extra.append(make("Identity", [before], [name]))
            elif kind == "cast":
                extra.append(make("Cast", [before], [name], to=TensorProto.FLOAT))
            elif kind == "reshape":
                for suffix, shape in (("a", [-1, 1]), ("b", dims)):
                    graph.initializer.append(numpy_helper.from_array(i64(*shape), before + suffix))
                extra += [make("Reshape", [before, before + "a"], [before + "f"]),
                          make("Reshape", [before + "f", before + "b"], [name])]
            else:
                perm = list(range(len(dims)))[::-1]
                extra += [make("Transpose", [before], [before + "t"], perm=perm),
                          make("Transpose", [before + "t"], [name], perm=perm)]
    nodes += extra
    known = {i.name for i in graph.initializer} | {i.name for i in graph.input} | {""}
    ordered, waiting = [], nodes
    rng.shuffle(waiting)
    while waiting:
        ready = [n for n in waiting if all(i in known for i in n.input)]
        waiting = [n for n in waiting if not all(i in known for i in n.input)]
        for node in ready:
            node.name = f"x{rng.getrandbits(48):x}"
            known.update(node.output)
        ordered += ready
    del graph.node[:]
    graph.node.extend(ordered)
    return model

"""Other words for the same mixture of experts: sums, stacks, choices of one, masks of hits, weights in between.

Each model is run by onnxruntime as it is and as the raised module is written back; see test_near_misses. Beside the spellings stand models that look
like them and mean something else.
"""

import numpy as np
import pytest
from onnx import TensorProto

import moe_models
from moe_models import Spec, i64, scalar
from test_near_misses import check, f32, has

SPEC = Spec(tokens=5, hidden=8, inner=6)
ONE = Spec(tokens=5, hidden=8, inner=6, top_k=1, renormalize=False)


def weight_of(b, weights, experts, e, keepdims=1):
    """What each token gives expert `e`: [tokens, 1]."""
    return b.op("ReduceSum", b.op("Where", b.op("Equal", experts, scalar(e)), weights, f32(0)), i64(-1), keepdims=keepdims)


def weighted(block, b, tokens, weights, experts):
    return [b.op("Mul", block.mlp(tokens, e), weight_of(b, weights, experts, e)) for e in range(block.spec.experts)]


def loop(block, tokens, weight):
    """Encoding B with `weight(e)`."""
    y = None
    for e in range(block.spec.experts):
        term = block.b.op("Mul", block.mlp(tokens, e), weight(e))
        y = term if y is None else block.b.op("Add", y, term)
    return y


def full_weights(block, weights, experts):
    b = block.b
    return b.op("ScatterElements", np.zeros((block.spec.tokens, block.spec.experts), "f"), experts, weights, axis=1)


def all_outputs(block, tokens):
    """[experts, tokens, hidden]"""
    return block.mlp(block.b.op("Unsqueeze", tokens, i64(0)), slice(None))


# Sums and stacks.


def one_sum(block, b, tokens, weights, experts):
    return b.op("Sum", *weighted(block, b, tokens, weights, experts))


def sums_of_sums(block, b, tokens, weights, experts):
    terms = weighted(block, b, tokens, weights, experts)
    return b.op("Sum", b.op("Sum", *terms[:2]), b.op("Sum", terms[2]), *terms[3:])


def stack_of_terms(axis, keepdims):
    def write(block, b, tokens, weights, experts):
        terms = [b.op("Unsqueeze", t, i64(axis)) for t in weighted(block, b, tokens, weights, experts)]
        y = b.op("ReduceSum", b.op("Concat", *terms, axis=axis), i64(axis), keepdims=keepdims)
        return b.op("Squeeze", y, i64(axis)) if keepdims else y
    return write


def stack_of_outputs(block, b, tokens, weights, experts):
    outputs = b.op("Concat", *(b.op("Unsqueeze", block.mlp(tokens, e), i64(1)) for e in range(block.spec.experts)), axis=1)
    weight = b.op("Unsqueeze", full_weights(block, weights, experts), i64(2))
    return b.op("ReduceSum", b.op("Mul", outputs, weight), i64(1), keepdims=0)


def stack_in_another_order(block, b, tokens, weights, experts):
    outputs = b.op("Concat", *(b.op("Unsqueeze", block.mlp(tokens, e), i64(1)) for e in (1, 0, 2, 3)), axis=1)
    weight = b.op("Unsqueeze", full_weights(block, weights, experts), i64(2))
    return b.op("ReduceSum", b.op("Mul", outputs, weight), i64(1), keepdims=0)


def row_of_outputs(block, b, tokens, weights, experts):
    spec = block.spec
    outputs = b.op("Concat", *(block.mlp(tokens, e) for e in range(spec.experts)), axis=-1)
    outputs = b.op("Reshape", outputs, i64(spec.tokens, spec.experts, spec.hidden))
    return b.op("Einsum", full_weights(block, weights, experts), outputs, equation="te,teh->th")


def chosen_of_stack(block, b, tokens, weights, experts):
    outputs = b.op("Concat", *(b.op("Unsqueeze", block.mlp(tokens, e), i64(1)) for e in range(block.spec.experts)), axis=1)
    chosen = b.op("GatherND", outputs, b.op("Unsqueeze", experts, i64(2)), batch_dims=1)
    return b.op("ReduceSum", b.op("Mul", chosen, b.op("Unsqueeze", weights, i64(2))), i64(1), keepdims=0)


def mean_of_terms(block, b, tokens, weights, experts):
    return b.op("Mul", b.op("Mean", *weighted(block, b, tokens, weights, experts)), f32(block.spec.experts))


def mean_of_stack(block, b, tokens, weights, experts):
    terms = [b.op("Unsqueeze", t, i64(0)) for t in weighted(block, b, tokens, weights, experts)]
    return b.op("Div", b.op("ReduceMean", b.op("Concat", *terms, axis=0), i64(0), keepdims=0), f32(1 / block.spec.experts))


def sums_of_one(block, b, tokens, weights, experts):
    y = None
    for term in weighted(block, b, tokens, weights, experts):
        term = b.op("Sum", term)
        y = term if y is None else b.op("Sum", y, term)
    return b.op("Sum", y)


def product_with_ones(axis, vector=False):
    """A stack of terms times a row or column of ones."""
    def write(block, b, tokens, weights, experts):
        terms = b.op("Concat", *(b.op("Unsqueeze", t, i64(axis)) for t in weighted(block, b, tokens, weights, experts)), axis=axis)
        count = block.spec.experts
        if axis == 1:
            return b.op("Squeeze", b.op("MatMul", np.ones((1, count), "f"), terms), i64(1))
        if vector:
            return b.op("MatMul", terms, np.ones(count, "f"))
        return b.op("Squeeze", b.op("MatMul", terms, np.ones((count, 1), "f")), i64(2))
    return write


def scaled_twice(block, b, tokens, weights, experts):
    y = b.op("Mul", one_sum(block, b, tokens, weights, experts), f32(3))
    return b.op("Div", b.op("Reshape", y, i64(-1, block.spec.hidden)), f32(1.5))


def three_factors(equation, order):
    def write(block, b, tokens, weights, experts):
        hot = b.op("OneHot", experts, scalar(block.spec.experts), np.array([0, 1], "f"), axis=-1)
        factors = {"weights": weights, "hot": hot, "outputs": all_outputs(block, tokens)}
        return b.op("Einsum", *(factors[name] for name in order), equation=equation)
    return write


def chosen_of_rows(offsets, flat=False):
    """Rows token * experts + choice of all outputs; `offsets` makes token * experts."""
    def write(block, b, tokens, weights, experts):
        spec = block.spec
        rows = b.op("Reshape", b.op("Transpose", all_outputs(block, tokens), perm=[1, 0, 2]), i64(-1, spec.hidden))
        if flat:
            index = b.op("Add", np.repeat(offsets(b, spec), spec.top_k), b.op("Reshape", experts, i64(-1)))
        else:
            index = b.op("Reshape", b.op("Add", experts, offsets(b, spec)), i64(-1))
        chosen = b.op("Reshape", b.op("Gather", rows, index, axis=0), i64(spec.tokens, spec.top_k, spec.hidden))
        return b.op("ReduceSum", b.op("Mul", chosen, b.op("Unsqueeze", weights, i64(2))), i64(1), keepdims=0)
    return write


def row_offsets(b, spec):
    return np.arange(spec.tokens) * spec.experts


def column_of(offsets):
    return lambda b, spec: offsets(b, spec).reshape(-1, 1).copy()


def counted_offsets(b, spec):
    tokens = b.op("Range", scalar(0), scalar(spec.tokens), scalar(1))
    return b.op("Unsqueeze", b.op("Mul", tokens, scalar(spec.experts)), i64(1))


# Weights of all experts.


def one_hot_product(kind):
    def write(block, b, tokens, weights, experts):
        hot = b.op("OneHot", experts, scalar(block.spec.experts), np.array([0, 1], "f"), axis=-1)
        if kind == "MatMul":
            full = b.op("Squeeze", b.op("MatMul", b.op("Unsqueeze", weights, i64(1)), hot), i64(1))
        else:
            full = b.op("Einsum", hot, weights, equation=kind)
        return loop(block, tokens, lambda e: b.op("Unsqueeze", b.op("Gather", full, scalar(e), axis=1), i64(1)))
    return write


def columns_product(block, b, tokens, weights, experts):
    """[T, H, E] times [T, E, 1]"""
    outputs = b.op("Transpose", all_outputs(block, tokens), perm=[1, 2, 0])
    return b.op("Squeeze", b.op("MatMul", outputs, b.op("Unsqueeze", full_weights(block, weights, experts), i64(2))), i64(2))


def rows_product(block, b, tokens, weights, experts):
    """[T, 1, E] times [T, E, H]"""
    outputs = b.op("Transpose", all_outputs(block, tokens), perm=[1, 0, 2])
    return b.op("Squeeze", b.op("MatMul", b.op("Unsqueeze", full_weights(block, weights, experts), i64(1)), outputs), i64(1))


def chosen_outputs(block, b, tokens, weights, experts):
    outputs = b.op("Transpose", all_outputs(block, tokens), perm=[1, 0, 2])
    chosen = b.op("GatherND", outputs, b.op("Unsqueeze", experts, i64(2)), batch_dims=1)
    return b.op("ReduceSum", b.op("Mul", chosen, b.op("Unsqueeze", weights, i64(2))), i64(1), keepdims=0)


def elements_of_outputs(axis):
    def write(block, b, tokens, weights, experts):
        outputs = b.op("Transpose", all_outputs(block, tokens), perm=[1, 0, 2])
        index = b.op("Expand", b.op("Unsqueeze", experts, i64(2)), i64(1, 1, block.spec.hidden))
        chosen = b.op("GatherElements", outputs, index, axis=axis)
        return b.op("ReduceSum", b.op("Mul", chosen, b.op("Unsqueeze", weights, i64(2))), i64(1), keepdims=0)
    return write


def scattered_pairs(rows):
    """Weights written to the places [token, expert]; `rows` gives the tokens."""
    def write(block, b, tokens, weights, experts):
        spec = block.spec
        row = rows(np.repeat(np.arange(spec.tokens), spec.top_k)).reshape(spec.tokens, spec.top_k, 1).copy()
        places = b.op("Concat", row, b.op("Unsqueeze", experts, i64(2)), axis=2)
        full = b.op("ScatterND", np.zeros((spec.tokens, spec.experts), "f"), places, weights)
        return loop(block, tokens, lambda e: b.op("Slice", full, i64(e), i64(e + 1), i64(1)))
    return write


def where_chosen(shift):
    """The outputs of an expert where a token chose it, or the one that is `shift` behind it."""
    def write(block, b, tokens, weights, experts):
        y, count = None, block.spec.experts
        for e in range(count):
            chosen = b.op("Cast", b.op("Equal", experts, scalar((e + shift) % count)), to=TensorProto.INT32)
            chosen = b.op("Cast", b.op("ReduceMax", chosen, i64(-1), keepdims=1), to=TensorProto.BOOL)
            term = b.op("Where", chosen, b.op("Mul", block.mlp(tokens, e), weight_of(b, weights, experts, e)), f32(0))
            y = term if y is None else b.op("Add", y, term)
        return y
    return write


# Weights that nodes stack. Those that are small enough are folded, and no handles then.


def stack(block, matrices, order=None):
    return block.b.op("Concat", *(block.b.op("Unsqueeze", matrices[e].T.copy(), i64(0)) for e in order or range(len(matrices))), axis=0)


def stacked_by_nodes(order=None):
    def write(block, b, tokens, weights, experts):
        w, x = block.w, b.op("Unsqueeze", tokens, i64(0))
        inner = block.activate(*(b.op("MatMul", x, stack(block, m, order)) for m in (w.gate, w.up)))
        outputs = b.op("MatMul", inner, stack(block, w.down, order))
        weight = b.op("Unsqueeze", b.op("Transpose", full_weights(block, weights, experts), perm=[1, 0]), i64(2))
        return b.op("ReduceSum", b.op("Mul", outputs, weight), i64(0), keepdims=0)
    return write


def gathered_of_stacks(block, b, tokens, weights, experts):
    """Those of the down projection lie in one initializer."""
    w, x = block.w, b.op("Unsqueeze", tokens, i64(1, 2))
    inner = block.activate(*(b.op("MatMul", x, b.op("Gather", stack(block, m), experts, axis=0)) for m in (w.gate, w.up)))
    outputs = b.op("MatMul", inner, b.op("Gather", w.down.transpose(0, 2, 1).copy(), experts, axis=0))
    return b.op("ReduceSum", b.op("Mul", b.op("Squeeze", outputs, i64(2)), b.op("Unsqueeze", weights, i64(2))), i64(1), keepdims=0)


# Weights between the two layers.


def inner_of(block, x, e):
    """What an expert gives its second layer, and that layer."""
    first, down = block.matrices(e)
    return block.activate(*(block.linear(x, *matrix) for matrix in first)), down


def weighted_between(block, b, tokens, weights, experts):
    y = None
    for e in range(block.spec.experts):
        inner, down = inner_of(block, tokens, e)
        term = block.linear(b.op("Mul", inner, weight_of(b, weights, experts, e)), *down)
        y = term if y is None else b.op("Add", y, term)
    return y


def one_product(einsum):
    """x [T, H] times [H, E * I], and back by [E * I, H]."""
    def write(block, b, tokens, weights, experts):
        spec, w = block.spec, block.w
        wide = [b.op("Reshape", b.op("MatMul", tokens, m.reshape(-1, spec.hidden).T.copy()), i64(spec.tokens, spec.experts, spec.inner))
                for m in (w.gate, w.up)]
        inner = b.op("Mul", block.activate(*wide), b.op("Unsqueeze", full_weights(block, weights, experts), i64(2)))
        down = w.down.transpose(0, 2, 1).copy()
        if einsum:
            return b.op("Einsum", inner, down, equation="tei,eih->th")
        return b.op("MatMul", b.op("Reshape", inner, i64(spec.tokens, -1)), down.reshape(-1, spec.hidden))
    return write


# Hits of an expert.


def hits_by(places):
    """Encoding E; `places` gives the tokens that chose an expert, and a function that takes their rows of a value."""
    def write(block, b, tokens, weights, experts):
        result = b.fill_like(tokens)
        for e in range(block.spec.experts):
            of_one = weight_of(b, weights, experts, e)
            mask = b.op("Equal", experts, scalar(e))
            rows, take = places(block, b, mask, of_one)
            y = b.op("Mul", block.mlp(take(tokens), e), take(of_one))
            result = b.op("ScatterND", result, b.op("Unsqueeze", rows, i64(1)), y, reduction="add")
        return result
    return write


def by_nonzero(condition):
    def places(block, b, mask, of_one):
        rows = b.op("Squeeze", b.op("NonZero", condition(b, mask, of_one)), i64(0))
        return rows, lambda value: b.op("Gather", value, rows, axis=0)
    return places


def by_compress(block, b, mask, of_one):
    any_slot = b.op("Cast", b.op("ReduceMax", b.op("Cast", mask, to=TensorProto.INT32), i64(-1), keepdims=0), to=TensorProto.BOOL)
    return b.op("Compress", np.arange(block.spec.tokens), any_slot), lambda value: b.op("Compress", value, any_slot, axis=0)


def summed(b, mask):
    return b.op("ReduceSum", b.op("Cast", mask, to=TensorProto.FLOAT), i64(-1), keepdims=0)


SPELLINGS = {
    "one sum": (SPEC, one_sum),
    "sums of sums": (SPEC, sums_of_sums),
    "stack of terms": (SPEC, stack_of_terms(0, keepdims=0)),
    "inner stack of terms": (SPEC, stack_of_terms(1, keepdims=1)),
    "stack of outputs": (SPEC, stack_of_outputs),
    "stack in another order": (SPEC, stack_in_another_order),
    "row of outputs": (SPEC, row_of_outputs),
    "chosen of stack": (SPEC, chosen_of_stack),
    "mean of terms": (SPEC, mean_of_terms),
    "mean of a stack": (SPEC, mean_of_stack),
    "sums of one": (SPEC, sums_of_one),
    "column of ones": (SPEC, product_with_ones(2)),
    "vector of ones": (SPEC, product_with_ones(2, vector=True)),
    "row of ones": (SPEC, product_with_ones(1)),
    "scaled twice": (SPEC, scaled_twice),
    "three factors": (SPEC, three_factors("tk,tke,eth->th", ("weights", "hot", "outputs"))),
    "three factors in another order": (SPEC, three_factors("eth, tke, tk -> th", ("outputs", "hot", "weights"))),
    "chosen of rows": (SPEC, chosen_of_rows(column_of(row_offsets))),
    "chosen of rows, one index": (SPEC, chosen_of_rows(row_offsets, flat=True)),
    "chosen of counted rows": (SPEC, chosen_of_rows(counted_offsets)),
    "one-hot by Einsum": (SPEC, one_hot_product("tke,tk->te")),
    "one-hot by MatMul": (SPEC, one_hot_product("MatMul")),
    "columns product": (SPEC, columns_product),
    "rows product": (SPEC, rows_product),
    "chosen outputs": (SPEC, chosen_outputs),
    "elements of outputs": (SPEC, elements_of_outputs(1)),
    "scattered pairs": (SPEC, scattered_pairs(lambda rows: rows)),
    "where chosen": (SPEC, where_chosen(0)),
    "stacked by nodes": (Spec(tokens=5, hidden=64, inner=48), stacked_by_nodes()),
    "stacked by nodes in another order": (Spec(tokens=5, hidden=64, inner=48), stacked_by_nodes([1, 0, 2, 3])),
    "gathered of stacks": (Spec(tokens=5, hidden=64, inner=48), gathered_of_stacks),
    "weighted between the layers": (SPEC, weighted_between),
    "one product": (SPEC, one_product(einsum=False)),
    "one Einsum": (SPEC, one_product(einsum=True)),
    "as many experts as inner rows": (Spec(tokens=5, hidden=8, inner=4), one_product(einsum=True)),
    "hits of the summed mask": (SPEC, hits_by(by_nonzero(lambda b, mask, _: summed(b, mask)))),
    "hits where the sum is positive": (SPEC, hits_by(by_nonzero(lambda b, mask, _: b.op("Greater", summed(b, mask), f32(0))))),
    "hits of the weight": (SPEC, hits_by(by_nonzero(lambda b, _, weight: b.op("Squeeze", weight, i64(1))))),
    "compressed by the mask": (SPEC, hits_by(by_compress)),
}


def write(spec, spelling, seed=7):
    block = moe_models.Block(spec, moe_models.Weights(spec, seed))
    tokens, _, weights, experts = block.route()
    return block.finish(spelling(block, block.b, tokens, weights, experts)), {"x": block.w.x}


def disturbed(spec, spelling, seed):
    model, feeds = write(spec, spelling)
    return moe_models.disturb(model, seed), feeds


def raises(ir):
    return has(ir, "experts") and "opaque" not in ir and not has(ir, "top_k")


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings(name, tmp_path):
    ir = check(*write(*SPELLINGS[name]), tmp_path)
    assert raises(ir), ir


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", ["mean of terms", "mean of a stack", "column of ones", "row of ones", "scaled twice", "three factors", "chosen of rows"])
def test_disturbed_spellings(name, seed, tmp_path):
    ir = check(*disturbed(*SPELLINGS[name], seed), tmp_path)
    assert raises(ir) and not has(ir, "binary"), ir


@pytest.mark.parametrize("name", ["stack of outputs", "one-hot by Einsum", "chosen outputs", "one product", "hits of the summed mask",
                                  "compressed by the mask", "weighted between the layers"])
def test_spellings_of_one_choice(name, tmp_path):
    for spec in (ONE, Spec(tokens=1, hidden=8, inner=6, top_k=1), Spec(tokens=1, hidden=8, inner=6)):
        ir = check(*write(spec, SPELLINGS[name][1]), tmp_path)
        assert raises(ir), ir


# Choices of one.


def first(keepdims, values, **attributes):
    """ArgMax, and the largest score by `values`."""
    def write_model(spec):
        block = moe_models.Block(spec, moe_models.Weights(spec))
        b = block.b
        tokens, logits = block.logits()
        scores = b.op("Softmax", logits, axis=-1)
        largest = values(b, logits, scores)
        index = b.op("ArgMax", scores, axis=-1, keepdims=keepdims, **attributes)
        if not keepdims:
            index = b.op("Unsqueeze", index, i64(1))
        y = loop(block, tokens, lambda e: b.op("Mul", largest, b.op("CastLike", b.op("Equal", index, scalar(e)), largest)))
        return block.finish(y), {"x": block.w.x}
    return write_model


def reduce_max(which):
    return lambda b, *of: b.op("ReduceMax", of[which], i64(-1), keepdims=1)


@pytest.mark.parametrize("keepdims", [0, 1])
def test_choices_of_one(keepdims, tmp_path):
    ir = check(*first(keepdims, reduce_max(1))(ONE), tmp_path)
    assert raises(ir) and "softmax_topk" in ir, ir


def equal_scores(model):
    """Experts 0 and 1 always have the same score: columns of the router's matrix."""
    from onnx import numpy_helper
    [product] = [n for n in model.graph.node if n.op_type == "MatMul"][:1]
    [matrix] = [i for i in model.graph.initializer if i.name == product.input[1]]
    array = numpy_helper.to_array(matrix).copy()
    array[:, 1] = array[:, 0]
    matrix.CopyFrom(numpy_helper.from_array(array, matrix.name))
    return model


def test_of_equal_scores_the_first_is_chosen(tmp_path):
    model, feeds = first(1, reduce_max(1))(ONE)
    assert raises(check(equal_scores(model), feeds, tmp_path))


@pytest.mark.parametrize("build", [first(1, reduce_max(1), select_last_index=1), first(1, reduce_max(0))])
def test_other_choices_of_one(build, tmp_path):
    """The last of equal scores; weights of another kind."""
    model, feeds = build(ONE)
    check(equal_scores(model), feeds, tmp_path)


def test_scores_that_are_large_enough_are_no_choice(tmp_path):
    """Of equal scores all are at least the k-th largest, so that more than k experts count."""
    block = moe_models.Block(ONE, moe_models.Weights(ONE))
    b = block.b
    tokens, logits = block.logits()
    scores = b.op("Softmax", logits, axis=-1)
    least, _ = b.op("TopK", scores, i64(1), outputs=2, axis=-1)
    full = b.op("Where", b.op("GreaterOrEqual", scores, least), scores, f32(0))
    model = block.finish(loop(block, tokens, lambda e: b.op("Slice", full, i64(e), i64(e + 1), i64(1))))
    ir = check(equal_scores(model), {"x": block.w.x}, tmp_path)
    assert not has(ir, "experts"), ir


# Near misses.


def stack_summed_over_tokens(block, b, tokens, weights, experts):
    terms = [b.op("Unsqueeze", t, i64(0)) for t in weighted(block, b, tokens, weights, experts)]
    return b.op("ReduceSum", b.op("Concat", *terms, axis=0), i64(1), keepdims=0)


def choice_of_others(block, b, tokens, weights, experts):
    others = b.op("Sub", scalar(block.spec.experts - 1), experts)
    return chosen_outputs(block, b, tokens, weights, others)


def products_of_tokens(block, b, tokens, weights, experts):
    """Square, so that tokens may pass for experts."""
    outputs = all_outputs(block, tokens)
    return b.op("Squeeze", b.op("MatMul", b.op("Unsqueeze", full_weights(block, weights, experts), i64(1)), outputs), i64(1))


def places_from_the_end(block, b, mask, of_one):
    _, take = by_compress(block, b, mask, of_one)
    return take(np.arange(block.spec.tokens)[::-1].copy()), take


def mean_by_another_number(block, b, tokens, weights, experts):
    return b.op("Mul", b.op("Mean", *weighted(block, b, tokens, weights, experts)), b.op("Slice", weights, i64(0), i64(1), i64(1)))


def product_with_others(block, b, tokens, weights, experts):
    terms = b.op("Concat", *(b.op("Unsqueeze", t, i64(2)) for t in weighted(block, b, tokens, weights, experts)), axis=2)
    return b.op("MatMul", terms, np.arange(1, block.spec.experts + 1, dtype="f"))


NEAR_MISSES = {
    "product with others than ones": (SPEC, product_with_others),
    "rows of other tokens, by offset": (SPEC, chosen_of_rows(column_of(lambda b, spec: row_offsets(b, spec)[::-1]))),
    "stack summed over tokens": (Spec(tokens=4, hidden=8, inner=6), stack_summed_over_tokens),
    "one-hot of other tokens": (Spec(tokens=2, hidden=8, inner=6), one_hot_product("ske,tk->te")),
    "one-hot of other slots": (Spec(tokens=2, hidden=8, inner=6), one_hot_product("tke,ts->te")),
    "outputs of other experts": (SPEC, choice_of_others),
    "tokens for experts": (Spec(tokens=4, hidden=8, inner=6), products_of_tokens),
    "elements of tokens": (Spec(tokens=4, hidden=8, inner=6), elements_of_outputs(0)),
    "pairs of other tokens": (SPEC, scattered_pairs(lambda rows: rows[::-1])),
    "where another was chosen": (SPEC, where_chosen(1)),
    "weighted biases": (Spec(tokens=5, hidden=8, inner=6, bias=True), weighted_between),
    "rows of other tokens": (SPEC, hits_by(places_from_the_end)),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_near_misses_of_spellings(name, tmp_path):
    ir = check(*write(*NEAR_MISSES[name]), tmp_path)
    assert not has(ir, "experts"), ir


def test_hits_without_weight_count_where_experts_answer_to_zeros(tmp_path):
    """Rows of weight 0 are left out: with weights on the inputs their biases are missing."""
    spec = Spec(tokens=4, hidden=8, inner=6, bias=True, weight_on_input=True)

    def spelling(block, b, tokens, weights, experts):
        weights = b.op("Mul", weights, np.array([[1, 0]], "f"))
        result = b.fill_like(tokens)
        for e in range(spec.experts):
            of_one = weight_of(b, weights, experts, e)
            rows = b.op("Squeeze", b.op("NonZero", b.op("Squeeze", of_one, i64(1))), i64(0))
            x = b.op("Mul", b.op("Gather", tokens, rows, axis=0), b.op("Gather", of_one, rows, axis=0))
            result = b.op("ScatterND", result, b.op("Unsqueeze", rows, i64(1)), block.mlp(x, e), reduction="add")
        return result

    check(*write(spec, spelling), tmp_path)


def test_means_times_something_else(tmp_path):
    ir = check(*write(SPEC, mean_by_another_number), tmp_path)
    assert has(ir, "binary"), ir


def test_scales_behind_experts_that_are_not_alike(tmp_path):
    """A scale of the sum is one of the weights: only where there is a route that takes it."""
    block = moe_models.Block(SPEC, moe_models.Weights(SPEC))
    plain = block.mlp

    def mlp(x, e):
        if e != 2:
            return plain(x, e)
        first, down = block.matrices(e)
        return block.linear(block.linear(x, *first[0]), *down)

    block.mlp = mlp
    ir = check(block.finish(block.b.op("Mul", block.encode_b(), f32(0.22))), {"x": block.w.x}, tmp_path)
    assert not has(ir, "experts"), ir
    block = moe_models.Block(SPEC, moe_models.Weights(SPEC))
    ir = check(block.finish(block.b.op("Mul", block.encode_b(), f32(0.22))), {"x": block.w.x}, tmp_path)
    assert raises(ir) and "scale = " in ir and "binary" not in ir, ir


@pytest.mark.parametrize("keepdims", [1, 0])
def test_largest_of_a_round_is_of_one_token(keepdims, tmp_path):
    """Without its dim it meets all tokens of one expert, where there are as many of these."""
    spec = Spec(tokens=4, hidden=8, inner=6, router="sparse_mixer", renormalize=False, threshold=1.2)
    block = moe_models.Block(spec, moe_models.Weights(spec, seed=1))
    plain = block.b.op

    def op(op_type, *inputs, **attributes):
        return plain(op_type, *inputs, **(attributes | dict(keepdims=keepdims) if op_type == "ReduceMax" else attributes))

    block.b.op = op
    ir = check(block.finish(block.encode_b()), {"x": block.w.x}, tmp_path)
    assert has(ir, "experts") == bool(keepdims), ir


def test_rounds_whose_choices_are_not_theirs(tmp_path):
    """The weights of both rounds, the choice of the second one twice."""
    spec = Spec(tokens=4, hidden=8, inner=6, router="sparse_mixer", renormalize=False, threshold=1.2)
    block = moe_models.Block(spec, moe_models.Weights(spec, seed=1))
    model = block.finish(block.encode_d())
    choices = [n for n in model.graph.node if n.op_type == "Concat"][1]
    choices.input[0] = choices.input[1]
    ir = check(model, {"x": block.w.x}, tmp_path)
    assert not has(ir, "experts") and not has(ir, "route"), ir

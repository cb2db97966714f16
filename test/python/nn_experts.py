"""What `inlay_nn.route` and `inlay_nn.experts` mean, in numpy, with the weights that the IR names.

Reads the IR of one block (router product, route, experts, reshapes) as text; bytes come from the model's file by the handles and views of the globals.
"""

import re

import numpy as np

TYPES = {"f32": np.float32, "ui8": np.uint8, "i8": np.int8}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def shape_of(text):
    *dims, element = re.search(r"tensor<([^>]*)>", text).group(1).split("x")
    return [int(d) for d in dims], TYPES.get(element)


def unquote(name):
    return name.strip('"')


class Globals:
    """The weights of a module by name."""

    def __init__(self, ir, folder):
        self.folder, self.lines = folder, {}
        for match in re.finditer(r'ml_program\.global private @("[^"]*"|[\w.$-]+)\((.*)\) : (tensor<[^>]*>)', ir):
            self.lines[unquote(match.group(1))] = (match.group(2), match.group(3))

    def load(self, name):
        value, type_text = self.lines[name]
        dims, dtype = shape_of(type_text)
        if value.startswith("#inlay_onnx.weight<"):
            file = re.search(r'file = "([^"]*)"', value).group(1)
            offset, length = (int(re.search(rf"{key} = (\d+)", value).group(1)) for key in ("offset", "length"))
            data = (self.folder / file).read_bytes()[offset:offset + length]
            return np.frombuffer(data, dtype).reshape(dims)
        pieces = re.findall(r'<@("[^"]*"|[\w.$-]+), first = (\d+), sizes = \[([^]]*)\], strides = \[([^]]*)\]>', value)
        parts = []
        for source, first, sizes, strides in pieces:
            whole = self.load(unquote(source)).reshape(-1)
            sizes, strides = ([int(n) for n in text.split(",")] for text in (sizes, strides))
            at = int(first) + sum(np.arange(n).reshape([-1] + [1] * (len(sizes) - 1 - d)) * stride
                                  for d, (n, stride) in enumerate(zip(sizes, strides)))
            parts.append(whole[at])
        result = np.concatenate(parts)
        assert list(result.shape) == dims
        return result


def number(line, name, otherwise):
    match = re.search(rf"\b{name} = (\S+?) : [fi]64", line)
    if not match:
        return otherwise
    if match.group(1).startswith("0x"):
        return -np.inf
    return float(match.group(1)) if "." in match.group(1) else int(match.group(1))


def mix_sparsely(logits, k, threshold):
    chosen = np.argsort(-logits, 1, kind="stable")[:, :k]
    weights = np.zeros(chosen.shape)
    for row, (line, experts) in enumerate(zip(logits, chosen)):
        for slot, expert in enumerate(experts):
            m = line[expert]
            left = [l for e, l in enumerate(line)
                    if e not in experts[:slot] and not (m - l) / max(abs(l), m) > threshold]
            weights[row, slot] = 1 / np.exp(np.array(left) - m).sum()
    return weights, chosen


def route(line, logits, bias):
    """(weights, indices), each [tokens, k], as the description of the op has it."""
    kind = re.search(r"inlay_nn\.route +(\w+)", line).group(1)
    if kind == "sparse_mixer":
        return mix_sparsely(logits, number(line, r"(?<!_)k", None), number(line, "threshold", 0.0))
    scores = {"softmax_topk": softmax, "topk_softmax": lambda v: v, "sigmoid_topk": sigmoid}[kind](logits)
    choice = scores if bias is None else scores + bias
    groups, top = number(line, "groups", 1), number(line, "top_groups", 1)
    if groups > 1:
        by_group = choice.reshape(len(choice), groups, -1)
        best = np.sort(by_group, -1)[:, :, -number(line, "best_per_group", 2):].sum(-1)
        mask = np.zeros(best.shape, bool)
        np.put_along_axis(mask, np.argsort(-best, 1, kind="stable")[:, :top], True, 1)
        choice = np.where(mask[:, :, None], by_group, number(line, "masked_score", 0.0)).reshape(choice.shape)
    chosen = np.argsort(-choice, 1, kind="stable")[:, :number(line, r"(?<!_)k", None)]
    weights = np.take_along_axis(scores, chosen, 1)
    if kind == "topk_softmax":
        weights = softmax(weights)
    if "renormalize" in line:
        weights = weights / (weights.sum(1, keepdims=True) + number(line, "epsilon", 0.0))
    return weights * number(line, "scale", 1.0), chosen


def erf(x):
    from math import erf as scalar_erf
    return np.vectorize(scalar_erf)(x)


def experts(line, operand, x, weights, chosen):
    """The sum over the chosen experts of each row of x."""
    kind = re.search(r"inlay_nn\.experts +(\w+)", line).group(1)
    fc1, fc2, fc3 = operand("fc1"), operand("fc2"), operand("fc3")
    bias1, bias2, bias3 = operand("fc1", "bias"), operand("fc2", "bias"), operand("fc3", "bias3")
    alpha, beta, limit = (number(line, n, d) for n, d in (("alpha", 1.0), ("beta", 0.0), ("limit", 0.0)))
    on_input = "weight_on_input" in line

    def linear(matrix, bias, e, v):
        y = matrix[e] @ v
        return y if bias is None else y + bias[e]

    def expert(e, v):
        gate = linear(fc1, bias1, e, v)
        up = None if fc3 is None else linear(fc3, bias3, e, v)
        if limit:
            gate, up = np.minimum(gate, limit), np.clip(up, -limit, limit)
        act = {"relu": lambda: np.maximum(gate, 0), "silu": lambda: gate * sigmoid(gate),
               "gelu": lambda: 0.5 * gate * (1 + erf(gate / np.sqrt(2))),
               "swiglu": lambda: gate * sigmoid(alpha * gate), "identity": lambda: gate}[kind]()
        return linear(fc2, bias2, e, act if up is None else act * (up + beta))

    y = np.zeros((len(x), fc2.shape[1]))
    for t, row in enumerate(x):
        for p, e in zip(weights[t], chosen[t]):
            y[t] += expert(e, p * row) if on_input else p * expert(e, row)
    return y


def evaluate(ir, folder, x):
    """The output of the only experts op of `ir` for the input x [1, tokens, hidden]."""
    globals_ = Globals(ir, folder)
    loads = {m.group(1): unquote(m.group(2)) for m in
             re.finditer(r'(%\S+) = ml_program\.global_load_const @("[^"]*"|[\w.$-]+)', ir)}
    lines = {op: next(line for line in ir.splitlines() if f"inlay_nn.{op} " in line)
             for op in ("linear", "route", "experts")}

    def weight(name):
        return globals_.load(loads[name])

    rows = x.reshape(-1, x.shape[-1])
    matrix = weight(re.search(r"linear %\S+, (%\S+)", lines["linear"]).group(1))
    assert "transposed" in lines["linear"]
    bias = re.search(r" bias (%\S+)", lines["route"])
    weights, chosen = route(lines["route"], rows @ matrix, bias and weight(bias.group(1)).reshape(-1))

    def operand(matrix_name, part=None):
        value = plain(matrix_name, part)
        if part is not None or value is None or "quant = " not in lines["experts"]:
            return value
        suffix = "3" if matrix_name == "fc3" else ""
        scales, zeros = plain(matrix_name, "scales" + suffix), plain(matrix_name, "zero_points" + suffix)
        wide = [s if s is None else np.repeat(s.reshape(*value.shape[:2], -1), value.shape[2] // max(
            1, s.size // (value.shape[0] * value.shape[1])), -1).astype("f") for s in (scales, zeros)]
        return (value.astype("f") - (0 if wide[1] is None else wide[1])) * wide[0]

    def plain(matrix_name, part=None):
        text = lines["experts"].split(" {")[0].split(" : ")[0]
        parts = re.split(r" (fc\d) ", text)
        for name, tail in zip(parts[1::2], parts[2::2]):
            if name == matrix_name:
                if part is None:
                    return weight(tail.split()[0])
                match = re.search(rf"\b{part} (%\S+)", tail)
                return match and weight(match.group(1))
        return None

    return experts(lines["experts"], operand, rows, weights, chosen)

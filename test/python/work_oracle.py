"""What cores of kernels compute and read, by the rules of docs/plan.md, Work, in `ideal` mode: a third opinion, for the tests alone."""

import collections
import math

import route_oracle
from plan_oracle import ceil_div, is_aligned, largest_part

EXPONENTIAL = 4
# Vector instructions: is it a multiply-accumulate, operations in all, bytes that they read.
Run = collections.namedtuple("Run", "is_mac operations bytes", defaults=(0,))


def rates_of(plan):
    figures = {figure["name"]: figure["value"] for figure in plan["system"]["figures"]}

    def period(kind, type_name):
        rates = {name.split(".", 1)[1]: value for name, value in figures.items() if name.startswith(f"{kind}_rate.")}
        return 1 / rates.get(type_name, min(rates.values()))

    return figures, period


class Op:
    """One op on the busiest core."""

    def __init__(self, plan, kernel, op):
        self.figures, self.period = rates_of(plan)
        self.kernel, self.op, self.dims = kernel, op, op["dims"]
        self.type = op.get("compute_type") or op["operands"][-1]["type"]
        self.operations, self.density = op.get("operations", 1), op.get("density", 1)
        names = [dim["dim"] for dim in self.dims]
        self.is_of_experts = kernel["role"] == "experts" and "expert" in names
        self.lengths = [min(dim["size"], ceil_div(ceil_div(dim["size"], dim["unit"]), dim["parts"]) * dim["unit"]) for dim in self.dims]
        for axis in ("x", "y", "group"):
            own = [d for d, dim in enumerate(self.dims) if dim["axis"] == axis]
            left = self.dims[own[0]]["shard"] if own else 0
            for d in reversed(own if len(own) > 1 else []):
                size, pitch = self.dims[d]["size"], self.dims[d]["pitch"]
                self.lengths[d] = min(size, left)
                left = ceil_div(left, pitch if d == own[-1] else self.lengths[d])
        if self.is_of_experts:
            self.lengths = [1 if name in ("expert", "token") else length for name, length in zip(names, self.lengths)]

    def points_of(self, is_summed):
        return math.prod(length for dim, length in zip(self.dims, self.lengths) if dim["reduction"] == is_summed)

    def points(self):
        every = self.points_of(True) * self.points_of(False)
        return every * self.kernel.get("activations", 0) if self.is_of_experts else max(1, every * self.density)

    @staticmethod
    def is_blocked(use):
        return any(divisor > 1 for divisor in use["index_divisors"])

    def elements(self, use):
        """Of a weight a core has boxes only, and each scale of a block that it has a part of."""
        if use["role"] != "weights":
            return largest_part(self.op, use)
        total = 1
        for d, divisor in zip(use["index_dims"], use["index_divisors"]):
            if d < 0:
                continue
            dim, alone = self.dims[d], {"index_dims": [d], "index_divisors": [1]}
            together = [other for other in self.dims if other["axis"] == dim["axis"]]
            is_whole = len(together) > 1 and (dim["axis"] == "none" or divisor > 1 or not is_aligned(together))
            has = dim["size"] if is_whole else largest_part(self.op, alone)
            total *= ceil_div(has, divisor) if has == dim["size"] else self.blocks(has, divisor, dim["size"])
        return total

    @staticmethod
    def blocks(run, divisor, size):
        """Blocks that a run touches at most which begins at a multiple of its length."""
        return max(len({q // divisor for q in range(start, min(start + run, size))}) for start in range(0, size, max(1, run)))

    def read_bytes(self):
        sizes = [(use, use["bits"] / 8) for use in self.op["operands"]]
        if self.op["kind"] == "lookup":
            return max((self.points() * size for use, size in sizes if use["role"] == "weights"), default=0)
        return sum(min(self.elements(use), self.points()) * size for use, size in sizes)

    def product(self):
        """Products, rows, what is summed, and columns."""
        uses = self.op["operands"]
        stays = next((use for role in ("weights", "state") for use in uses if use["role"] == role and len(use["index_dims"]) > 1
                      and (role == "state" or not self.is_blocked(use))), uses[-2] if len(uses) > 2 else None)
        batch, m, n = 1, 1, 1
        for d, (dim, length) in enumerate(zip(self.dims, self.lengths)):
            held, passing = (dict(zip(reversed(use["index_dims"]), reversed(use["index_divisors"]))).get(d, 0) if use else 0
                             for use in (stays, uses[0]))
            if dim["reduction"]:
                continue
            if not held:
                m *= length
            elif not passing:
                n *= length
            else:
                batch, m = batch * ceil_div(length, held), m * min(length, held)
        if self.is_of_experts:
            groups, choices = self.kernel["expert_groups"], self.kernel.get("activations", 0)
            different = min(choices, max(ceil_div(self.kernel["experts"], len(groups)), *(len(group["experts"]) for group in groups)))
            batch, m = batch * different, m * choices / different
        return batch, m, self.points_of(True) * self.operations / 2, n

    def is_converted(self, use):
        bits = {"f64": 64, "f32": 32, "i64": 64, "i32": 32, "f16": 16, "bf16": 16}.get(self.type, 8)
        return use["role"] == "weights" and not self.is_blocked(use) and use["bits"] <= 8 and use["bits"] < bits

    def scales(self):
        return [use for use in self.op["operands"] if use["role"] == "weights"
                and any(d >= 0 and divisor > 1 and self.dims[d]["reduction"] for d, divisor in zip(use["index_dims"], use["index_divisors"]))]

    def runs(self):
        """Vector instructions, and scalar exponentials. Which of two orders a core takes makes no difference without software."""
        kind, ops, every = self.op["kind"], self.operations, self.points()
        rows = every / max(1, self.points_of(True))
        softmax = [Run(False, 5 * every)], every
        if kind == "contraction":
            batch, m, k, n = self.product()
            runs, each = [Run(True, batch * m * k * n, self.read_bytes())], self.figures.get("dequantise", 0)
            weights = sum(min(every, self.elements(use)) for use in self.op["operands"] if self.is_converted(use))
            sums = sum(batch * m * n * math.prod(self.blocks(self.lengths[d], divisor, self.dims[d]["size"])
                                                 for d, divisor in zip(use["index_dims"], use["index_divisors"])
                                                 if d >= 0 and self.dims[d]["reduction"]) for use in self.scales())
            if weights:
                runs.append(Run(False, min(each * weights, max(0, each - 1) * weights + sums if sums else math.inf)))
            return runs, 0
        if kind == "softmax":
            runs, exponentials = softmax
            rest = ops - 2 * EXPONENTIAL
            return ((runs, exponentials + every) if rest >= EXPONENTIAL
                    else (runs + [Run(False, max(0, rest) * every)], exponentials))
        if kind == "top_k":
            chosen = ops - 2 * EXPONENTIAL
            return ([Run(False, ops * every)], 0) if chosen < 1 else (softmax[0] + [Run(False, chosen * every)], every)
        if kind == "reduction":
            if ops < 4:
                return [Run(False, ops * every)], 0
            return [Run(False, self.norm(rows, every / rows)), Run(False, (ops - 4) * every)], 0
        if kind == "elementwise" and self.op["op"] == "rotary":
            columns = math.prod(length for dim, length in zip(self.dims, self.lengths) if dim["dim"] == "dim")
            rows = math.prod(length for dim, length in zip(self.dims, self.lengths) if dim["dim"] not in ("dim", "position"))
            return [Run(False, 6 * rows * max(1, columns / 2)), Run(False, self.norm(rows, columns) if ops > 3 else 0)], 0
        if kind == "elementwise" and ops >= EXPONENTIAL:
            return [Run(False, (ops - EXPONENTIAL) * every)], every
        return [Run(False, ops * every)] if kind in ("elementwise", "move") else [], 0

    @staticmethod
    def norm(rows, columns):
        """Row by row four passes; of several rows at once as many for each element, and one for each row."""
        by_row, together = 4 * rows * columns, rows * columns + rows + 3 * rows * columns
        return min(by_row, together) if rows > 1 else by_row

    def cycles(self):
        mac, element = (self.period(kind, self.type) for kind in ("mac", "element"))
        if self.op["kind"] in ("lookup", "opaque"):
            return 0, self.read_bytes() / self.figures["sram_read"]
        runs, exponentials = self.runs()
        busy = [run.operations * (mac if run.is_mac else element) for run in runs]
        late = sum(max(0, run.bytes / self.figures["sram_read"] - time) for run, time in zip(runs, busy))
        return sum(busy) + exponentials * EXPONENTIAL * element, late

    def least(self):
        """On one core at its peak."""
        kind, every = self.op["kind"], math.prod(dim["size"] for dim in self.dims) * self.density
        mac, element = (self.period(rate, self.type) for rate in ("mac", "element"))
        if kind in ("lookup", "opaque"):
            return 0
        if kind != "contraction":
            return every * self.operations * element
        each = max(0, self.figures.get("dequantise", 0) - bool(self.scales()))
        weights = sum(self.density * math.prod(self.dims[d]["size"] for d in use["index_dims"] if d >= 0)
                      for use in self.op["operands"] if self.is_converted(use))
        return every * self.operations / 2 * mac + each * weights * element


MERGES = {"two_tree": 4, "middle_chain": 2, "middle_one_phase": 2, "middle_two_phases": 3, "middle_three_phases": 4,
          "chain_broadcast": 1, "two_phase_broadcast": 2}


def rescaling(plan, kernel):
    """Relating parts of a softmax to the larger of two largest, in 32 bits."""
    patterns = {pattern["name"]: pattern for pattern in plan["patterns"]}
    figures, period = rates_of(plan)
    mac, element = (period(kind, "f32") for kind in ("mac", "element"))
    total = 0
    for at, axis, cores, elements, makers in route_oracle.sums_of(plan, kernel, False):
        own = [op for op in makers if kernel["ops"][op]["kind"] == "softmax"]
        ways = [(patterns[route["pattern"]]["algorithm"], use) for route in plan["routes"] if route["kind"] == "all_reduce"
                for use in route["uses"] if (use["kernel"], use["op"], route["line_axis"]) == (kernel["name"], at, axis)
                and patterns[route["pattern"]]["cores"] == cores]
        if not own or not ways:
            continue
        maxima = sum(route_oracle.elements_of(kernel, kernel["ops"][op]) for op in own)
        name = ways[0][0]
        merges = (cores - 1 if name in ("star_broadcast", "ring") else math.ceil(math.log2(cores)) if name == "tree_broadcast"
                  else MERGES[name]) * sum(use["times"] for _, use in ways)
        total += merges * (maxima * (3 + 2 * EXPONENTIAL) * element
                           + max(0, mac + element - 1 / figures["link_rate"]) * (elements - maxima))
    return total


def following(plan, kernel):
    """Operations by which cores find out which of several groups serve their choices."""
    if not kernel["inputs"] or route_oracle.move_oracle.takes_handed_over(plan, kernel):
        return 0
    holders = collections.defaultdict(list)
    for number, group in enumerate(kernel["expert_groups"]):
        for expert in group["experts"]:
            holders[expert].append(number)
    return sum(2 + 4 * len(pool) for pool in set(map(tuple, holders.values())) if len(pool) > 1)


def is_close(a, b):
    return abs(a - b) <= 1e-9 * max(1, abs(a), abs(b))


def kernel_holds(plan, kernel):
    ops = [Op(plan, kernel, op) for op in kernel["ops"]]
    if any(op.operations != 1 and op.op["kind"] in ("lookup", "opaque") for op in ops):
        return False
    if any(op.type not in [use["type"] for use in op.op["operands"]] for op in ops):
        return False
    compute, sram = (sum(parts) for parts in zip(*(op.cycles() for op in ops)))
    compute += rescaling(plan, kernel) + following(plan, kernel)
    least = sum(op.least() for op in ops)
    shares = collections.Counter()
    for op in ops:
        for use in op.op["operands"]:
            if use["role"] == "weights" and use["index_dims"] and op.op["kind"] not in ("move", "opaque"):
                shares[use["buffer"]] = max(shares[use["buffer"]], op.density)
    read = sum(shares[weight["name"]] * int(weight["bytes"]) for weight in kernel["weights"]) / rates_of(plan)[0]["sram_read"]
    system = plan["system"]
    alive = system["width"] * system["height"] - sum(rect["width"] * rect["height"] for rect in system["dead"])
    region = route_oracle.region_of(plan, kernel)["rectangle"]
    bounds = ((kernel["bound"], alive), (kernel["region_bound"], region["width"] * region["height"]))
    return (is_close(compute, kernel["cycles"]["compute"]) and is_close(sram, kernel["cycles"]["sram"])
            and all(is_close(bound["compute"], least / cores) and is_close(bound["sram"], read / cores) for bound, cores in bounds))


def holds(plan):
    try:
        return all(kernel_holds(plan, kernel) for kernel in plan["kernels"])
    except (KeyError, IndexError, ZeroDivisionError, ValueError, TypeError):
        return False

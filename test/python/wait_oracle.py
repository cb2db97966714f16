"""What kernels and streams wait for on links that others have too, by the text of docs/plan.md alone, router by router."""

import collections
import math

import move_oracle
import plan_oracle

STEPS = {"W": (-1, 0), "E": (1, 0), "N": (0, -1), "S": (0, 1)}
ON_AXIS = {"x": {"back": "W", "ahead": "E", "ramp": "core"}, "y": {"back": "N", "ahead": "S", "ramp": "core"}}
NEVER = -math.inf
CLOSE = 1e-9


def bare(cycles):
    """Cycles without what is waited for."""
    return sum(value for name, value in cycles.items() if name not in ("total", "contention"))


def cells(area):
    return {(area["x"] + k * area["dx"] + x, area["y"] + k * area["dy"] + y)
            for k in range(area["count"]) for y in range(area["height"]) for x in range(area["width"])}


class Way:
    """The links of one route of a flow, (False, number), or a kernel, (True, number)."""

    def __init__(self, carrier, is_trunk):
        self.carrier, self.is_trunk = carrier, is_trunk
        self.links, self.wavelets = collections.defaultdict(set), {}


class Waits:
    def __init__(self, plan):
        self.plan, self.streams, self.kernels = plan, plan["streams"], plan["kernels"]
        self.figures = {figure["name"]: figure["value"] for figure in plan["system"]["figures"]}
        self.is_measured = plan["estimate"]["mode"] == "calibrated"
        # What the host sends is there before a step begins that is the only one.
        self.inputs_first = plan["step"]["sequences_in_flight"] <= plan["step"]["batch"]
        self.period = self.rate("wavelet_period", 1 / self.figures["link_rate"], 1)
        self.number = {kernel["name"]: i for i, kernel in reversed(list(enumerate(self.kernels)))}
        self.wafer = [kernel["wafer"] for kernel in self.kernels]
        regions = {region["name"]: region["rectangle"] for region in plan["regions"]}
        self.rects = [regions[kernel["region"]] for kernel in self.kernels]
        self.most = [max(bare(k["cycles"]), k["worst_case_cycles"] - k["cycles"]["contention"]) for k in self.kernels]
        self.least = [min(bare(k["cycles"]), k["least_cycles"]) if len(k["expert_groups"]) > 1 else bare(k["cycles"])
                      for k in self.kernels]
        self.before = [[] for _ in self.kernels]
        for s in self.streams:
            if s["from"] and s["to"]:
                self.before[self.number[s["to"]]].append((self.number[s["from"]], bare(s["cycles"])))
        last = {}
        for k, kernel in enumerate(self.kernels):
            if kernel["region"] in last:
                self.before[k].append((last[kernel["region"]], 0))
            last[kernel["region"]] = k
        self.reached = [{k} for k in range(len(self.kernels))]
        for k in reversed(range(len(self.kernels))):
            for earlier, _ in self.before[k]:
                self.reached[earlier] |= self.reached[k]
        self.flows = sorted({tuple(route["streams"]) for route in plan["routes"] if route["streams"]})
        self.ends = [self.ends_of(self.streams[flow[0]]) for flow in self.flows]
        self.own = [max(r["wavelets"] for r in plan["routes"] if tuple(r["streams"]) == flow) for flow in self.flows]
        self.ways = collections.defaultdict(list)
        for route in plan["routes"]:
            (self.add_lines if route["pattern"] else self.add_segments)(route)

    def rate(self, name, least, scale):
        return max(least, self.figures.get(f"primitive.{name}", 0) * scale) if self.is_measured else least

    def ends_of(self, stream):
        return self.number.get(stream["from"]), self.number.get(stream["to"])

    # What there is

    def add_segments(self, route):
        way = Way((False, self.flows.index(tuple(route["streams"]))), not route["in_turn"])
        width, height = self.plan["system"]["width"], self.plan["system"]["height"]
        for segment in route["segments"]:
            for x, y in cells(segment):
                if segment["in"] == "ramp":
                    way.links["router"].add((x, y))
                for port in segment["out"]:
                    kind = "core" if port == "ramp" else port
                    if port != "ramp":
                        dx, dy = STEPS[port]
                        kind = port if 0 <= x + dx < width and 0 <= y + dy < height else "edge"
                    way.links[kind].add((x, y))
        way.wavelets = dict.fromkeys(way.links, route["wavelets"])
        self.ways[route["wafer"]].append(way)

    def add_lines(self, route):
        """Every link of a direction counts as the fullest of the line."""
        pattern = next(p for p in self.plan["patterns"] if p["name"] == route["pattern"])
        of_kernel = collections.Counter()
        for use in route["uses"]:
            of_kernel[self.number[use["kernel"]]] += use["times"] * use["wavelets"]
        routers = set().union(*(cells(area) for area in route["lines"]))
        for kernel, wavelets in of_kernel.items():
            way = Way((True, kernel), False)
            for port, kind in ON_AXIS[route["line_axis"]].items():
                load = max((max(s["load"], s["load"] + (s["count"] - 1) * s["load_step"])
                            for s in pattern["segments"] if port in s["out"]), default=0)
                if load > 0:
                    way.links[kind], way.wavelets[kind] = routers, load * wavelets
            self.ways[route["wafer"]].append(way)

    def assumed(self, flow):
        total = 0
        for s in (self.streams[number] for number in flow):
            start, end = self.ends_of(s)
            wavelets = max(1, math.ceil(s["bytes"] / self.figures["wavelet"]))
            if start is None or end is None:
                total += wavelets
            elif self.wafer[start] != self.wafer[end]:
                total += int(s["bytes"] / self.figures["wafer_bandwidth"] * self.figures["clock"] * self.figures["link_rate"])
            else:
                same = self.kernels[start]["region"] == self.kernels[end]["region"]
                total += -(-wavelets // (1 if same else self.lanes(self.rects[start], self.rects[end])))
        return total

    @staticmethod
    def lanes(a, b):
        gaps = [max(b[at] - a[at] - a[size], a[at] - b[at] - b[size]) for at, size in (("x", "width"), ("y", "height"))]
        side = "height" if gaps[0] >= gaps[1] else "width"
        return min(a[side], b[side])

    def dispatch(self, k):
        """The longest way of an input to groups of experts that do not take it as it is handed over."""
        kernel, rect, longest = self.kernels[k], self.rects[k], 0
        start = 2 * self.figures["ramp"]
        start = self.rate("stream_start", start, self.figures.get("primitive.software_scale", 1))
        hop = self.rate("stream_hop", self.figures["hop"], 1)
        for number in range(0 if move_oracle.takes_handed_over(self.plan, kernel) else len(kernel["inputs"])):
            bits = max((plan_oracle.largest_part(op, use) * use["bits"] for op in kernel["ops"] for use in op["operands"]
                        if use["role"] == "input" and use["buffer"].split(" ")[1] == str(number)), default=0)
            wavelets = math.ceil(math.ceil(bits / 8) / self.figures["wavelet"])
            longest = max(longest, start + (rect["width"] + rect["height"]) / 2 * hop + wavelets * self.period)
        return longest

    # Times, from the end of a kernel

    def flow_cycles(self, f):
        start, end = self.ends[f]
        if start is None or end is None:
            return None
        cycles = max(bare(self.streams[s]["cycles"]) for s in self.flows[f]) + self.dispatch(end)
        return cycles + self.waits[False][f] * self.period

    def crossing(self, f):
        crosses = any(self.streams[s]["cycles"]["crossing"] > 0 for s in self.flows[f])
        return self.figures["wafer_latency"] * 1e3 * self.figures["clock"] if crosses else 0

    def end_of(self, k):
        """(kernel, cycles after its end) when a kernel has ended."""
        if not self.before[k]:
            return None
        start = max(earlier for earlier, _ in self.before[k])
        direct = {earlier for earlier, _ in self.before[start]} | {start}
        arrivals = [self.flow_cycles(f) for f, ends in enumerate(self.ends) if ends[1] == k and (ends[0] is not None or not self.inputs_first)]
        if not {earlier for earlier, _ in self.before[k]} <= direct or None in arrivals:
            return None
        return start, max(arrivals, default=0) + self.most[k] + self.waits[True][k] * self.period

    def starts_behind(self, k):
        """The least cycles from the end of a kernel to the starts of others, on its wafer and the next."""
        if k not in self.starts:
            starts = self.starts[k] = [NEVER] * len(self.kernels)
            for other in range(k + 1, len(starts)):
                if self.wafer[other] > self.wafer[k] + 1:
                    break
                starts[other] = max([(0 if earlier == k else starts[earlier] + self.least[earlier]) + cycles
                                     for earlier, cycles in self.before[other]], default=NEVER)
        return self.starts[k]

    def begins_after(self, end, carrier, wafer):
        is_kernel, number = carrier
        kernel = number if is_kernel else self.ends[number][0]
        if kernel is None or (is_kernel and kernel == end[0]):
            return False
        begin = 0 if kernel == end[0] else self.starts_behind(end[0])[kernel] + (0 if is_kernel else self.least[kernel])
        if not is_kernel and self.wafer[kernel] != wafer:
            begin += self.crossing(number)
        return begin > end[1] or math.isclose(begin, end[1], rel_tol=CLOSE, abs_tol=CLOSE)

    def is_input(self, carrier):
        return not carrier[0] and self.ends[carrier[1]][0] is None

    def is_over(self, first, second, wafer):
        if self.inputs_first and self.is_input(first):
            return not self.is_input(second)
        end = first[1] if first[0] else self.ends[first[1]][1]
        begin = second[1] if second[0] else self.ends[second[1]][0]
        if end is None or begin is None:
            return False
        if begin in self.reached[end]:
            return True
        if self.waits is None:
            return False
        if first[0]:
            ended = self.end_of(end)
            return ended is not None and self.begins_after(ended, second, wafer)
        cycles, start = self.flow_cycles(first[1]), self.ends[first[1]][0]
        if cycles is None:
            return False
        if self.wafer[end] != wafer:
            cycles -= self.crossing(first[1])
        if self.begins_after((start, cycles), second, wafer):
            return True
        ended = self.end_of(start)
        return ended is not None and self.begins_after((ended[0], ended[1] + cycles), second, wafer)

    # Who waits for whom

    def leaves_before(self, first, second):
        if first[0] or second[0]:
            return False
        (a, to), (b, beyond) = self.ends[first[1]], self.ends[second[1]]
        both_leave = None not in (a, to, b, beyond) and self.wafer[a] != self.wafer[to] and self.wafer[b] != self.wafer[beyond]
        return both_leave and a == b and first[1] < second[1]

    def can_meet(self, a, b, wafer):
        if a.carrier == b.carrier:
            return a.is_trunk and b.is_trunk
        return ((a.is_trunk or b.is_trunk) and not self.is_over(a.carrier, b.carrier, wafer)
                and not self.is_over(b.carrier, a.carrier, wafer))

    def count(self, waits):
        """Wavelets that flows, and kernels, wait for; `waits` is what they may wait for at most."""
        self.waits, self.starts = waits, {}
        of_flows, of_kernels = [0] * len(self.flows), [0] * len(self.kernels)
        for wafer, ways in self.ways.items():
            for way in ways:
                others = collections.Counter()
                for other in ways:
                    shared = [(kind, routers & other.links[kind]) for kind, routers in way.links.items() if kind in other.links]
                    if other is way or not any(common for _, common in shared) or not self.can_meet(way, other, wafer):
                        continue
                    if self.leaves_before(way.carrier, other.carrier):
                        continue
                    for kind, common in shared:
                        goes_first = self.leaves_before(other.carrier, way.carrier)
                        wavelets = other.wavelets[kind] if goes_first else min(way.wavelets[kind], other.wavelets[kind])
                        others.update(dict.fromkeys(((kind, *cell) for cell in common), wavelets))
                most, (is_kernel, number) = max(others.values(), default=0), way.carrier
                if is_kernel:
                    of_kernels[number] += most
                else:
                    of_flows[number] = max(of_flows[number], most)
        return of_flows, of_kernels

    def excess(self, of_flows):
        return [max(0, own + waits - self.assumed(flow)) for flow, own, waits in zip(self.flows, self.own, of_flows)]

    def cycles(self):
        """What streams wait for, and kernels, in cycles."""
        of_flows, of_kernels = self.count(None)
        of_flows, of_kernels = self.count({False: self.excess(of_flows), True: of_kernels})
        of_streams = [0] * len(self.streams)
        for f, excess in enumerate(self.excess(of_flows)):
            start, end = self.ends[f]
            if start is None or end is None:
                continue
            if self.kernels[start]["region"] == self.kernels[end]["region"]:
                of_kernels[end] += of_flows[f]
                continue
            for stream in self.flows[f]:
                of_streams[stream] = excess
        return [[wavelets * self.period for wavelets in each] for each in (of_streams, of_kernels)]


def hold(plan):
    """Whether streams and kernels wait as long as they say."""
    stated = [[each["cycles"]["contention"] for each in plan[name]] for name in ("streams", "kernels")]
    return all(abs(a - b) <= CLOSE * max(1, a) for said, found in zip(stated, Waits(plan).cycles()) for a, b in zip(said, found))

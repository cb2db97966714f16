"""Rules of routes in Python, router by router: whether the routes of a (small) plan hold. A third opinion, for tests.

Nothing here is fast or says what is wrong: wavelets are followed from router to router, vectors of a pattern from core
to core, until everybody has what docs/plan.md promises.
"""

import collections
import itertools
import math

import move_oracle
import wait_oracle

STEPS = {"W": (-1, 0), "E": (1, 0), "N": (0, -1), "S": (0, 1)}
OPPOSITE = {"W": "E", "E": "W", "N": "S", "S": "N", "back": "ahead", "ahead": "back"}
ON_AXIS = {"x": {"back": "W", "ahead": "E", "ramp": "ramp"}, "y": {"back": "N", "ahead": "S", "ramp": "ramp"}}
POSITIONS = 4
REDUCE = ("star", "chain", "tree", "two_phase")


class Broken(Exception):
    """A rule does not hold."""


def need(condition):
    if not condition:
        raise Broken


def ceil_div(a, b):
    return -(-a // b)


def cells(area):
    """The routers of all copies of an area."""
    need(area["count"] <= 100)
    for k in range(area["count"]):
        for y in range(area["height"]):
            for x in range(area["width"]):
                yield area["x"] + k * area["dx"] + x, area["y"] + k * area["dy"] + y


def inside(rect, cell):
    return rect["x"] <= cell[0] < rect["x"] + rect["width"] and rect["y"] <= cell[1] < rect["y"] + rect["height"]


def all_cells(rect):
    return [(x, y) for y in range(rect["y"], rect["y"] + rect["height"]) for x in range(rect["x"], rect["x"] + rect["width"])]


def positions(span):
    need(span["count"] <= 1000 and span["step"] >= 1)
    return [span["first"] + i * span["step"] for i in range(span["count"])]


# Patterns

class Line:
    """One line of a pattern, run until nothing moves."""

    def __init__(self, pattern):
        self.pattern = pattern
        self.cores, self.length = pattern["cores"], pattern["length"]
        need(self.cores > 1 and self.length >= self.cores and (self.length - 1) % (self.cores - 1) == 0)
        self.pitch = (self.length - 1) // (self.cores - 1)
        self.settings = collections.defaultdict(list)
        self.stated, self.carried = collections.Counter(), collections.Counter()
        for segment in pattern["segments"]:
            need(segment["colour"] < pattern["colours"] and segment["in"] not in segment["out"])
            for i, at in enumerate(positions(segment)):
                need(0 <= at < self.length)
                self.settings[at, segment["colour"]].append((segment["position"], segment["in"], tuple(segment["out"])))
                for port in [*segment["out"], *(["in"] if segment["in"] == "ramp" else [])]:
                    self.stated[at, segment["colour"], port] += segment["load"] + i * segment["load_step"]
        self.actions = collections.defaultdict(list)
        for action in pattern["actions"]:
            need(max(action["send"], action["receive"]) < pattern["colours"] and max(action["send"], action["receive"]) >= 0)
            for i, at in enumerate(positions(action)):
                rounds = action["rounds"] + i * action["rounds_step"]
                need(0 <= at < self.length and at % self.pitch == 0 and 1 <= rounds <= 2 * self.cores)
                self.actions[at].append({**action, "rounds": rounds})

    @property
    def is_gather(self):
        return self.pattern["algorithm"] == "all_gather"

    @property
    def root(self):
        if self.is_gather:
            return max((s["load"] for s in self.pattern["segments"] if s["in"] == "back" and s["out"] == ["ramp"]), default=0)
        return next((a["first"] // self.pitch for a in self.pattern["actions"] if a["send"] >= 0), 0)

    def check_settings(self):
        colours = range(self.pattern["colours"])
        for at, colour in itertools.product(range(self.length), colours):
            own = self.settings[at, colour]
            own.sort()
            need(len({s[0] for s in own}) == len(own) and all(s[0] < POSITIONS for s in own))
            for port, step in (("back", -1), ("ahead", 1)):
                beyond = self.settings[at + step, colour] if 0 <= at + step < self.length else []
                need(not any(port in s[2] for s in own) or any(s[1] == OPPOSITE[port] for s in beyond))
                need(not any(s[1] == port for s in own) or any(OPPOSITE[port] in s[2] for s in beyond))
            need(any(s[1] == "ramp" for s in own) == any(a["send"] == colour for a in self.actions[at]))
            need(any("ramp" in s[2] for s in own) == any(a["receive"] == colour for a in self.actions[at]))

    def current(self, at):
        todo = self.actions[at]
        return todo[self.step[at]] if self.step[at] < len(todo) else None

    def try_to_send(self, start):
        action = self.current(start)
        if not action or action["send"] < 0 or self.sent[start] or (action["receive"] >= 0 and action["forward"]):
            return False
        hops, senders, receivers = [(start, "ramp", action["send"], self.outgoing[start], 1 / action["rounds"])], [start], []
        for at, taken, colour, parts, weight in hops:
            if len(hops) > 10 * self.length or not self.settings[at, colour]:
                return False
            _, source, out = self.settings[at, colour][self.on[at, colour]]
            if source != taken:
                return False
            for port in out:
                if port != "ramp":
                    hops.append((at + (1 if port == "ahead" else -1), OPPOSITE[port], colour, parts, weight))
                    continue
                own = self.current(at)
                if not own or own["receive"] != colour or self.received[at]:
                    return False
                receivers.append((at, parts))
                if own["send"] >= 0 and own["forward"]:
                    senders.append(at)
                    hops.append((at, "ramp", own["send"], self.held[at] | parts, 1 / own["rounds"]))
        for at, _, colour, _, weight in hops:
            _, source, out = self.settings[at, colour][self.on[at, colour]]
            for port in [*out, *(["in"] if source == "ramp" else [])]:
                self.carried[at, colour, port] += weight
            if "ramp" in (source, *out) and self.on[at, colour] + 1 < len(self.settings[at, colour]):
                self.on[at, colour] += 1
        for at in senders:
            self.sent[at] = True
        for at, parts in receivers:
            own = self.current(at)
            if self.is_gather:
                self.held[at] |= parts
            elif own["send"] < 0 and (self.pattern["algorithm"] == "broadcast" or self.has_sent[at]):
                self.held[at] = parts
            else:
                need(own["send"] >= 0 and not own["forward"] or not self.held[at] & parts)
                self.held[at] |= parts
            self.received[at] = True
        for at in {*senders, *(at for at, _ in receivers)}:
            own = self.current(at)
            if (own["send"] < 0 or self.sent[at]) and (own["receive"] < 0 or self.received[at]):
                self.has_sent[at] |= own["send"] >= 0
                self.sent[at] = self.received[at] = False
                if not self.is_gather:
                    self.outgoing[at] = self.held[at]
                self.round[at] += 1
                if self.round[at] == own["rounds"]:
                    self.round[at], self.step[at] = 0, self.step[at] + 1
        return True

    def most(self, at, colour, port):
        """In an all-gather few of the cores may have something, but all may be one of them."""
        carried = self.carried[at, colour, port]
        return min(carried, self.root + (port != "ramp")) if self.is_gather else carried

    def run(self):
        pattern = self.pattern
        name = f"{pattern['algorithm']} of {self.cores}" + (f" by {self.pitch}" if self.pitch > 1 else "")
        if pattern["algorithm"] in ("broadcast", "all_gather") and self.root:
            name += f" from {self.root}"
        need(pattern["name"] == name)
        self.check_settings()
        places = range(0, self.length, self.pitch)
        self.held = {at: frozenset([at // self.pitch]) for at in places}
        self.outgoing = dict(self.held)
        self.step, self.round, self.on = collections.Counter(), collections.Counter(), collections.Counter()
        self.sent, self.received, self.has_sent = (collections.defaultdict(bool) for _ in range(3))
        while any([self.try_to_send(at) for at in places]):
            pass
        need(all(self.current(at) is None for at in places))
        for at in places:
            if pattern["algorithm"] == "broadcast":
                need(self.held[at] == {self.root})
            elif pattern["algorithm"] == "shift":
                need(len(self.held[at]) == 2)
            elif pattern["algorithm"] not in REDUCE or at == 0:
                need(len(self.held[at]) == self.cores)
        need(all(abs(self.stated[key] - self.most(*key)) < 1e-6 for key in {*self.stated, *self.carried}))
        return self


LINES = {}


def line_of(pattern):
    """The pattern's line, run once: plans share the patterns that are not changed."""
    kept, line = LINES.get(id(pattern), (None, None))
    if kept is not pattern:
        try:
            line = Line(pattern).run()
        except Broken:
            line = None
        LINES[id(pattern)] = (pattern, line)
    need(line)
    return line


# How tensors lie

Share = collections.namedtuple("Share", "axis parts shard size ordered")
EVERYWHERE = Share("none", 1, 1, 1, False)


def unit_of(kernel, plan):
    return move_oracle.unit_of(plan, kernel)


def source_of(kernel, plan):
    """The cores that have what a kernel made: of combined groups the first."""
    return region_of(plan, kernel)["rectangle"] if move_oracle.joined_axis(kernel) else unit_of(kernel, plan)


def taker_of(kernel, plan):
    """The cores between which inputs are parted: all of the region, or of each group."""
    takes = move_oracle.takes_handed_over(plan, kernel)
    return region_of(plan, kernel)["rectangle"] if takes else unit_of(kernel, plan)


def takers_of(kernel, plan):
    takes = move_oracle.takes_handed_over(plan, kernel)
    return all_cells(region_of(plan, kernel)["rectangle"]) if takes else working_cells(kernel, plan)


def region_of(plan, kernel):
    return next(region for region in plan["regions"] if region["name"] == kernel["region"])


def working_cells(kernel, plan):
    groups = kernel["expert_groups"]
    rects = [group["rectangle"] for group in groups] or [region_of(plan, kernel)["rectangle"]]
    return [cell for rect in rects for cell in all_cells(rect)]


def handed_over(stream, unit):
    features = stream["shape"][-1] if stream["shape"] else 1
    if features <= move_oracle.FEW_FEATURES or unit["height"] < 2:
        return EVERYWHERE
    return Share("y", unit["height"], ceil_div(features, unit["height"]), features, True)


def as_op_has_it(op, use, unit):
    dims, features, strides = op["dims"], 1, []
    for d, divisor in reversed(list(zip(use["index_dims"], use["index_divisors"]))):
        if d >= 0 and dims[d]["dim"] != "token":
            size = ceil_div(dims[d]["size"], divisor)
            strides.append((d, features, size))
            features *= size
    cut = {}
    for axis in "xy":
        on_axis = sorted((entry for entry in strides if dims[entry[0]]["axis"] == axis and entry[2] > 1),
                         key=lambda entry: (entry[0], -entry[1]))
        if on_axis and unit["width" if axis == "x" else "height"] > 1:
            cut[axis] = on_axis
    if len(cut) != 1:
        return Share("both", 1, 1, 1, False) if cut else EVERYWHERE
    (axis, on_axis), = cut.items()
    parts = unit["width" if axis == "x" else "height"]
    # Elements in order along the axis: the steps of the mixed radix are 1, 1, ...
    order = [sum(i * stride for i, (_, stride, _) in zip(index, on_axis))
             for index in itertools.product(*(range(size) for _, _, size in on_axis))]
    if order != list(range(features)):
        return Share(axis, parts, 1, parts, False)
    shard = max(dims[on_axis[-1][0]]["shard"], ceil_div(features, parts))
    return Share(axis, parts, min(shard, features), features, True)


def uses_of(kernel, role, port):
    for op in kernel["ops"]:
        for use in op["operands"]:
            words = use["buffer"].split(" ")
            if use["role"] == role and words[:2] == [role, str(port)]:
                yield op, use


def given(plan, kernel, stream):
    unit = source_of(kernel, plan)
    if kernel["role"] != "head" and (len(kernel["expert_groups"]) < 2 or move_oracle.joined_axis(kernel)):
        return handed_over(stream, unit)
    shares = [as_op_has_it(op, use, unit) for op, use in uses_of(kernel, "output", stream["from_port"])]
    return shares[-1] if shares else EVERYWHERE


def wanted(plan, kernel, stream):
    unit = taker_of(kernel, plan)
    if move_oracle.takes_handed_over(plan, kernel):
        return handed_over(stream, unit)
    shares = [as_op_has_it(op, use, unit) for op, use in uses_of(kernel, "input", stream["to_port"])]
    if not shares or len({share.axis for share in shares}) > 1:
        return EVERYWHERE
    return shares[-1]


# Routes

class Way:
    """The settings of a route with segments."""

    def __init__(self, route):
        self.route = route
        self.settings = collections.defaultdict(list)
        for segment in route["segments"]:
            need(segment["position"] < POSITIONS and (segment["in"] == "ramp" or segment["in"] not in segment["out"]))
            for cell in cells(segment):
                self.settings[cell].append((segment["position"], segment["in"], tuple(segment["out"])))
        self.roots = [(cell, s) for cell, own in self.settings.items() for s in own if s[1] == "ramp"]
        self.drops = [cell for cell, own in self.settings.items() for s in own if "ramp" in s[2]]
        self.entries, self.exits, self.seen = [], [], set()

    def check(self, grid, dead, region):
        def rank(setting):
            return {"ramp": 0, "W": 1, "N": 1, "E": 2, "S": 2}[setting[1]]

        trunk = self.route["kind"] == "trunk"
        for cell, own in self.settings.items():
            need(inside(grid, cell) and cell not in dead and (region is None or inside(region, cell)))
            own.sort()
            need(len({s[0] for s in own}) == len(own))
            need(len(own) == 1 or self.route["kind"] == "gather" and [rank(s) for s in own] == sorted({rank(s) for s in own}))
            for _, taken, out in own:
                for port in [*out, taken]:
                    if port == "ramp":
                        continue
                    beyond = (cell[0] + STEPS[port][0], cell[1] + STEPS[port][1])
                    if not inside(grid, beyond):
                        need(trunk)
                        (self.entries if port == taken else self.exits).append(cell)
                    elif port == taken:
                        need(any(OPPOSITE[port] in s[2] for s in self.settings.get(beyond, [])))
                    else:
                        need(any(s[1] == OPPOSITE[port] for s in self.settings.get(beyond, [])))
        # Everything is on a way that begins somewhere, and no way comes back to where it was.
        for cell, setting in self.roots:
            self.follow(cell, setting)
        for cell in self.entries:
            for setting in self.settings[cell]:
                self.follow(cell, setting)
        need(self.seen == {(cell, s) for cell, own in self.settings.items() for s in own})

    def follow(self, cell, setting):
        """Cores that wavelets reach from here on."""
        reached, todo = [], [(cell, setting, ((cell, setting),))]
        while todo:
            cell, setting, path = todo.pop()
            self.seen.add((cell, setting))
            need(len(path) < 10000)
            for port in setting[2]:
                if port == "ramp":
                    reached.append(cell)
                    continue
                beyond = (cell[0] + STEPS[port][0], cell[1] + STEPS[port][1])
                for following in self.settings.get(beyond, []):
                    if following[1] == OPPOSITE[port]:
                        need((beyond, following) not in path)
                        todo.append((beyond, following, (*path, (beyond, following))))
        return reached


class Routes:
    def __init__(self, plan):
        self.plan = plan
        system = plan["system"]
        self.grid = {"x": 0, "y": 0, "width": system["width"], "height": system["height"]}
        self.dead = {cell for rect in system["dead"] for cell in all_cells(rect)}
        self.kernels = {kernel["name"]: kernel for kernel in reversed(plan["kernels"])}
        self.number = {kernel["name"]: i for i, kernel in reversed(list(enumerate(plan["kernels"])))}
        self.figures = {figure["name"]: figure["value"] for figure in plan["system"]["figures"]}
        self.next = collections.defaultdict(set)
        for stream in plan["streams"]:
            if stream["from"] and stream["to"]:
                self.next[stream["from"]].add(stream["to"])
        self.ways = {}

    def wavelets(self, size):
        return max(1, ceil_div(size, int(self.figures["wavelet"])))

    def wafer(self, name):
        return self.kernels[name]["wafer"] if name else None

    def region_of(self, route):
        if route["uses"]:
            return region_of(self.plan, self.kernels[route["uses"][0]["kernel"]])
        stream = self.plan["streams"][route["streams"][0]]
        return region_of(self.plan, self.kernels[stream["from" if route["kind"] == "gather" else "to"]])

    def check(self):
        plan = self.plan
        need(len({route["name"] for route in plan["routes"]}) == len(plan["routes"]))
        self.patterns = {pattern["name"]: pattern for pattern in plan["patterns"]}
        need(len(self.patterns) == len(plan["patterns"]))
        need(set(self.patterns) == {route["pattern"] for route in plan["routes"] if route["pattern"]})
        for pattern in plan["patterns"]:
            line_of(pattern)
        for number, route in enumerate(plan["routes"]):
            self.check_route(number, route)
        self.check_flows()
        self.check_sums()
        self.check_combinations()
        self.check_moves()
        self.check_colours()
        self.check_links()
        need(wait_oracle.hold(plan))

    def check_route(self, number, route):
        collective = route["kind"] in ("all_reduce", "combine", "move")
        need(route["in_turn"] == (route["kind"] != "trunk") and route["wafer"] < self.plan["system"]["wafers"])
        need(bool(route["lines"]) == bool(route["uses"]) == bool(route["pattern"]) == (route["line_axis"] != "none") == collective)
        need(bool(route["segments"]) == bool(route["streams"]) == (not collective))
        need(len(set(route["colours"])) == len(route["colours"]))
        need(all(colour < self.plan["colours"]["available"] for colour in route["colours"]))
        region = self.region_of(route) if route["in_turn"] else None
        need(region is None or region["wafer"] == route["wafer"])
        rect = region and region["rectangle"]
        if not collective:
            need(len(route["colours"]) == 1)
            self.ways[number] = Way(route)
            self.ways[number].check(self.grid, self.dead, rect)
            return
        need(route["axis"] == "none" and route["first_part"] == route["end_part"] == route["wavelets"] == 0)
        pattern = self.patterns[route["pattern"]]
        need(len(route["colours"]) == pattern["colours"])
        need(all(area["width" if route["line_axis"] == "x" else "height"] == pattern["length"] for area in route["lines"]))
        routers = [cell for area in route["lines"] for cell in cells(area)]
        need(len(set(routers)) == len(routers))
        need(all(inside(self.grid, cell) and cell not in self.dead and inside(rect, cell) for cell in routers))

    def lines_of(self, route):
        """The cores of every line."""
        pattern = self.patterns[route["pattern"]]
        pitch = line_of(pattern).pitch
        for area in route["lines"]:
            for k in range(area["count"]):
                x, y = area["x"] + k * area["dx"], area["y"] + k * area["dy"]
                for side in range(area["height" if route["line_axis"] == "x" else "width"]):
                    if route["line_axis"] == "x":
                        yield [(x + i * pitch, y + side) for i in range(pattern["cores"])]
                    else:
                        yield [(x + side, y + i * pitch) for i in range(pattern["cores"])]

    # Flows

    def check_flows(self):
        plan, flows = self.plan, collections.defaultdict(list)
        for number, way in self.ways.items():
            flows[tuple(way.route["streams"])].append(way)
        led = collections.Counter(stream for streams in flows for stream in streams)
        for number, stream in enumerate(plan["streams"]):
            need(led[number] == (plan["colours"]["available"] > 0 and not self.is_at_home(stream)))
        for streams, ways in flows.items():
            self.check_flow([plan["streams"][stream] for stream in streams], ways)
            need(list(streams) == sorted(set(streams)))

    def is_at_home(self, stream):
        if not stream["from"] or not stream["to"]:
            return False
        maker, user = self.kernels[stream["from"]], self.kernels[stream["to"]]
        have, want = given(self.plan, maker, stream), wanted(self.plan, user, stream)
        same = have.axis == want.axis and (have.axis == "none" or have.ordered and want.ordered and have.shard == want.shard)
        return maker["region"] == user["region"] and same and (
            set(all_cells(source_of(maker, self.plan))) == set(takers_of(user, self.plan)))

    def check_flow(self, streams, ways):
        plan, first = self.plan, streams[0]
        need(all((s["from"], s["to"]) == (first["from"], first["to"]) for s in streams))
        maker, user = self.kernels.get(first["from"]), self.kernels.get(first["to"])
        shares = [wanted(plan, user, s) if user else EVERYWHERE for s in streams]
        cut = [share for share in shares if share.axis in ("x", "y")]
        need(len({share.axis for share in cut}) <= 1)
        share = cut[0] if cut else EVERYWHERE
        parts = share.parts if cut else 0
        sizes = [self.wavelets(s["bytes"]) for s in streams]
        in_parts = sum(size for size, s in zip(sizes, shares) if s.axis in ("x", "y"))

        def lane_wavelets(begin, end):
            if not cut:
                return sum(sizes)
            elements = min(end * share.shard, share.size) - min(begin * share.shard, share.size)
            return ceil_div(in_parts * elements, share.size) + sum(sizes) - in_parts

        start, end = self.wafer(first["from"]), self.wafer(first["to"])
        by_kind = collections.defaultdict(list)
        for way in ways:
            by_kind[way.route["kind"]].append(way)
            need(way.route["axis"] == (share.axis if cut else "none"))
            if way.route["kind"] != "trunk":
                need((way.route["first_part"], way.route["end_part"]) == (0, parts))
                need(way.route["wafer"] == (start if way.route["kind"] == "gather" else end))
            need(way.route["wafer"] in (start, end))
        departing = [way for way in by_kind["trunk"] if way.route["wafer"] == start]
        arriving = [way for way in by_kind["trunk"] if way.route["wafer"] == end]
        spans = []
        for trunks, wafer in ((departing, start), (arriving, end)):
            if wafer is None:
                continue
            spans.append(sorted((way.route["first_part"], way.route["end_part"]) for way in trunks))
            serves = [part for begin, last in spans[-1] for part in range(begin, last)]
            need(spans[-1] and serves == list(range(parts)) and (cut or spans[-1] == [(0, 0)]))
            need(not cut or all(begin < last for begin, last in spans[-1]))
        need(len(spans) < 2 or spans[0] == spans[1])
        have = given(plan, maker, first) if maker else None
        for way in ways:
            route = way.route
            expected = lane_wavelets(route["first_part"], route["end_part"])
            if route["kind"] == "spread":
                expected = lane_wavelets(0, 1)
            elif route["kind"] == "gather":
                expected = sum(sizes) if have.axis == "both" else max(lane_wavelets(*span) for span in spans[0])
            need(route["wavelets"] == expected)
        for way in by_kind["trunk"]:
            departs, arrives = way.route["wafer"] == start, way.route["wafer"] == end
            need(len(way.entries) == (arrives and not departs) and len(way.exits) == (departs and not arrives))
            need(departs or not way.roots)
            need(arrives or not way.drops)
        if maker:
            self.check_source(maker, streams, departing, by_kind["gather"], user)
        else:
            need(not by_kind["gather"])
        if user:
            self.check_sink(user, arriving, by_kind["spread"], share if cut else None)
        else:
            need(not by_kind["spread"])

    def check_source(self, maker, streams, departing, gathers, user):
        source = all_cells(source_of(maker, self.plan))
        at_core = {cell: {cell} for cell in source}
        sent = set()
        for gather in gathers:
            for cell, setting in gather.roots:
                need(cell in at_core)
                for drop in gather.follow(cell, setting):
                    at_core.setdefault(drop, {drop}).update(at_core[cell])
            sent.update(cell for cell, _ in gather.roots)
        hubs = []
        for way in departing:
            need(len(way.roots) == 1 and way.roots[0][0] in source)
            hubs.append(way.roots[0][0])
        for i, gather in enumerate(gathers):
            later = {cell for other in gathers[i + 1:] for cell, _ in other.roots}
            need(all(drop in later or drop in hubs for drop in gather.drops))
        x0, y0 = source[0]
        for way, hub in zip(departing, hubs):
            for stream in streams:
                have = given(self.plan, maker, stream)
                if have.axis == "none":
                    continue
                if have.axis == "both":
                    need(at_core[hub] >= set(source))
                    continue
                parts = {(cell[0] - x0) if have.axis == "x" else (cell[1] - y0) for cell in at_core[hub]}
                elements = range(have.size)
                want = wanted(self.plan, user, stream) if user else EVERYWHERE
                if have.ordered and want.ordered and want.size == have.size and want.axis in ("x", "y"):
                    elements = range(way.route["first_part"] * want.shard, min(way.route["end_part"] * want.shard, want.size))
                need({element // have.shard for element in elements} <= parts)

    def check_sink(self, user, arriving, spreads, share):
        sink, unit = set(takers_of(user, self.plan)), taker_of(user, self.plan)
        axis = 0 if share and share.axis == "x" else 1
        origin = min(cell[axis] for cell in sink)
        length = unit["width"] if axis == 0 else unit["height"]
        landed = []
        for way in arriving:
            landed += way.drops
            if share:
                rows = [line for line in {cell[axis] for cell in sink}
                        if way.route["first_part"] <= (line - origin) % length < way.route["end_part"]]
                need(sorted(drop[axis] for drop in way.drops) == sorted(rows))
        reached = list(landed)
        for spread in spreads:
            for cell, setting in spread.roots:
                need(cell in landed)
                drops = spread.follow(cell, setting)
                need(share and all(drop[axis] == cell[axis] for drop in drops))
                reached += drops
            need(all(STEPS[port][axis] == 0 for own in spread.settings.values() for s in own for port in (s[1], *s[2]) if port != "ramp"))
        need(len(reached) == len(set(reached)) and set(reached) == sink)

    # Sums

    def check_sums(self):
        plan = self.plan
        uses = collections.defaultdict(collections.Counter)
        lines = collections.defaultdict(list)
        for route in plan["routes"]:
            if route["kind"] != "all_reduce":
                continue
            pattern = self.patterns[route["pattern"]]
            need(pattern["algorithm"] not in (*REDUCE, "broadcast", "shift", "all_gather"))
            for use in route["uses"]:
                kernel = self.kernels[use["kernel"]]
                need(kernel["region"] == self.kernels[route["uses"][0]["kernel"]]["region"])
                is_joined = is_over_groups(plan, kernel, use["op"], route["line_axis"], pattern["cores"])
                units = [set(all_cells(unit)) for unit in units_of(plan, kernel, is_joined)]
                ways = [set(line) for line in self.lines_of(route)]
                need(all(any(line <= unit for unit in units) for line in ways))
                key = (use["op"], route["line_axis"], pattern["cores"])
                lines[kernel["name"], *key] += ways
                turns = 2 * (pattern["cores"] - 1)
                is_ring = pattern["algorithm"] == "ring"
                need(not is_ring or use["wavelets"] % turns == 0)
                wavelets = ("pieces", use["wavelets"] // turns) if is_ring else ("whole", use["wavelets"])
                uses[kernel["name"]][*key, wavelets] += use["times"]
        for kernel in plan["kernels"]:
            self.check_sums_of(plan, kernel, uses[kernel["name"]], lines)

    def check_sums_of(self, plan, kernel, uses, lines):
        """A softmax is added in one of two forms."""
        reasons = []
        for agrees in (False, True):
            try:
                left = collections.Counter(uses)
                for op, axis, cores, elements, makers in sums_of(plan, kernel, agrees):
                    is_joined = is_over_groups(plan, kernel, max(makers), axis, cores)
                    parts = units_of(plan, kernel, is_joined)[0]["width" if axis == "x" else "height"]
                    cores = min(cores, parts)
                    if not plan["colours"]["available"] or cores < 2:
                        continue
                    size, turns = self.wavelets(math.ceil(4 * elements)), 1
                    for maker in makers:
                        sums = sums_along(kernel["ops"][maker], axis)
                        if is_joined:
                            sums = [list(range(cores))]
                        if turns_of(sums, cores, parts) > turns:
                            turns = turns_of(sums, cores, parts)
                            size = ceil_div(size, seen(kernel["ops"][maker], axis))
                        units = units_of(plan, kernel, is_joined)
                        self.check_together(units, axis, sums, lines[kernel["name"], op, axis, cores])
                    choices = [("whole", size), ("pieces", ceil_div(size, cores))]
                    found = [choice for choice in choices if left[op, axis, cores, choice] > 0]
                    need(found)
                    left[op, axis, cores, found[0]] -= turns
                need(not any(left.values()))
                return
            except Broken as reason:
                reasons.append(reason)
        raise reasons[0]

    @staticmethod
    def check_together(units, axis, sums, lines):
        """Cores that hold parts of one sum are on one line."""
        for unit, own in itertools.product(units, sums):
            length, side = ("width", "height") if axis == "x" else ("height", "width")
            own = [at for at in own if at < unit[length]]
            for across in range(unit[side] if len(own) > 1 else 0):
                cores = {(unit["x"] + at, unit["y"] + across) if axis == "x" else (unit["x"] + across, unit["y"] + at)
                         for at in own}
                need(any(cores <= line for line in lines))

    def check_moves(self):
        plan, uses = self.plan, collections.defaultdict(list)
        for route in plan["routes"]:
            if route["kind"] != "move":
                continue
            line = line_of(self.patterns[route["pattern"]])
            need(line.is_gather and line.pitch == 1)
            own = sorted(min(cells) for cells in self.lines_of(route))
            length, side = ("width", "height") if route["line_axis"] == "x" else ("height", "width")
            for use in route["uses"]:
                kernel = self.kernels[use["kernel"]]
                is_given = use["op"] == len(kernel["ops"]) and move_oracle.joined_axis(kernel) is not None
                units = units_of(plan, kernel, is_given)
                count = len(own) // sum(unit[side] for unit in units)
                need(count > 0 and all(count * line.cores <= unit[length] for unit in units))
                starts = [(unit["x"] + i * line.cores, unit["y"] + j) if length == "width" else (unit["x"] + j, unit["y"] + i * line.cores)
                          for unit in units for i in range(count) for j in range(unit[side])]
                need(own == sorted(starts))
                move = move_oracle.Move(use["op"], route["line_axis"], line.cores, count, line.root, use["wavelets"])
                uses[kernel["name"]] += [move] * use["times"]
        for kernel in plan["kernels"]:
            has_colours, made = plan["colours"]["available"] > 0, uses[kernel["name"]]
            needed, pairs = move_oracle.moves_of(plan, kernel, self.wavelets) if has_colours else ({}, [])
            need(collections.Counter(made) == +collections.Counter(needed))
            # Every value has its first move before its second, whichever of equal ones is whose.
            for first, second in set(pairs):
                ready = [at for at, move in enumerate(made) if move == first]
                last = [at for at, move in enumerate(made) if move == second][-pairs.count((first, second)):]
                need(all(before < after for before, after in zip(ready, last)))

    def check_combinations(self):
        plan = self.plan
        turns = collections.defaultdict(list)
        for route in plan["routes"]:
            if route["kind"] == "combine":
                for use in route["uses"]:
                    kernel = self.kernels[use["kernel"]]
                    need(len(kernel["expert_groups"]) > 1 and not move_oracle.joined_axis(kernel))
                    turns[use["kernel"]].append((route, use))
        for kernel in plan["kernels"]:
            groups = kernel["expert_groups"]
            output = next((s for s in plan["streams"] if s["from"] == kernel["name"] and s["from_port"] == 0), None)
            if len(groups) < 2 or move_oracle.joined_axis(kernel) or not plan["colours"]["available"] or not output:
                continue
            unit = groups[0]["rectangle"]
            axis = 0 if given(plan, kernel, output).axis == "x" else 1
            wavelets = max(1, ceil_div(self.wavelets(output["bytes"]), unit["width"] if axis == 0 else unit["height"]))
            held, part = {}, {}
            for number, group in enumerate(groups):
                for cell in all_cells(group["rectangle"]):
                    held[cell] = frozenset([number])
                    part[cell] = cell[axis] - group["rectangle"]["x" if axis == 0 else "y"]
            for route, use in turns[kernel["name"]]:
                need((use["op"], use["times"], use["wavelets"]) == (len(kernel["ops"]) - 1, 1, wavelets))
                line = line_of(self.patterns[route["pattern"]])
                for cores in self.lines_of(route):
                    need(all(core in held for core in cores) and len({part[core] for core in cores}) == 1)
                    if line.pattern["algorithm"] == "broadcast":
                        held.update(dict.fromkeys(cores, held[cores[line.root]]))
                        continue
                    need(line.pattern["algorithm"] != "shift")
                    need(sum(len(held[core]) for core in cores) == len(frozenset().union(*(held[core] for core in cores))))
                    total = frozenset().union(*(held[core] for core in cores))
                    held.update(dict.fromkeys(cores[:1] if line.pattern["algorithm"] in REDUCE else cores, total))
            need(all(len(held[cell]) == len(groups) for cell in all_cells(unit)))

    # Colours and links

    def reaches(self, start, goal):
        seen, todo = {start}, [start]
        while todo:
            for following in self.next[todo.pop()] - seen:
                seen.add(following)
                todo.append(following)
        return goal in seen

    def is_before(self, first, second):
        a, b = (self.plan["streams"][self.plan["routes"][r]["streams"][0]] for r in (first, second))
        if not a["from"] or not a["to"] or not b["from"]:
            return False
        leave = all(s["from"] and s["to"] and self.wafer(s["from"]) != self.wafer(s["to"]) for s in (a, b))
        if a["from"] == b["from"] and leave and self.plan["routes"][first]["streams"] != self.plan["routes"][second]["streams"]:
            return first < second
        return self.reaches(a["to"], b["from"])

    def check_colours(self):
        plan, colours = self.plan, self.plan["colours"]
        need(colours["available"] == int(self.figures.get("colours", 0)))
        need(colours["used"] == len({colour for route in plan["routes"] for colour in route["colours"]}))
        trunks, others = collections.defaultdict(list), collections.defaultdict(set)
        for number, route in enumerate(plan["routes"]):
            where = self.ways[number].settings if number in self.ways else {c for area in route["lines"] for c in cells(area)}
            for cell in where:
                if route["kind"] == "trunk":
                    trunks[route["wafer"], cell].append(number)
                else:
                    others[route["wafer"], cell].add((len(route["colours"]), *route["colours"]))
        known = {}

        def before(pair):
            if pair not in known:
                known[pair] = self.is_before(*pair)
            return known[pair]

        def needed(place):
            # One that excludes no other has a colour for itself.
            here = [one for one in trunks[place]
                    if any(before((one, other)) or before((other, one)) for other in trunks[place] if other != one)]
            alone, most = len(trunks[place]) - len(here), 0
            for first in here:
                together = [first]
                for other in here:
                    if all(other != one and not before((other, one)) and not before((one, other)) for one in together):
                        together.append(other)
                most = max(most, len(together))
            return max((entry[0] for entry in others[place]), default=0) + alone + max(most, ceil_div(len(here), POSITIONS))

        for place, here in list(trunks.items()):
            by_colour = collections.defaultdict(list)
            for number in here:
                by_colour[plan["routes"][number]["colours"][0]].append(number)
            for colour, sharing in by_colour.items():
                need(len(sharing) <= POSITIONS and not any(colour in entry[1:] for entry in others[place]))
                need(all(before(pair) for pair in itertools.combinations(sharing, 2)))
        stated = (colours["wafer"], (colours["x"], colours["y"]))
        need(needed(stated) == colours["lower_bound"])
        need(all(needed(place) <= colours["lower_bound"] for place in {*trunks, *others}))

    def check_links(self):
        loads = collections.defaultdict(collections.Counter)

        def add(route, cell, taken, out, wavelets):
            place = (route["wafer"], *cell)
            if taken == "ramp":
                loads["router"][place] += wavelets
            for port in out:
                if port == "ramp":
                    loads["core"][place] += wavelets
                else:
                    beyond = (cell[0] + STEPS[port][0], cell[1] + STEPS[port][1])
                    loads[port if inside(self.grid, beyond) else "edge"][place] += wavelets

        for number, route in enumerate(self.plan["routes"]):
            if number in self.ways:
                for cell, own in self.ways[number].settings.items():
                    for _, taken, out in own:
                        add(route, cell, taken, out, route["wavelets"])
                continue
            wavelets = sum(use["times"] * use["wavelets"] for use in route["uses"])
            names, pattern = ON_AXIS[route["line_axis"]], self.patterns[route["pattern"]]
            for area in route["lines"]:
                for k, side in itertools.product(range(area["count"]), range(area["height" if route["line_axis"] == "x" else "width"])):
                    x, y = area["x"] + k * area["dx"], area["y"] + k * area["dy"]
                    for segment in pattern["segments"]:
                        for i, at in enumerate(positions(segment)):
                            cell = (x + at, y + side) if route["line_axis"] == "x" else (x + side, y + at)
                            add(route, cell, names[segment["in"]], [names[port] for port in segment["out"]],
                                wavelets * (segment["load"] + i * segment["load_step"]))
        kinds = self.plan["links"]["kinds"]
        carry = {kind for kind, places in loads.items() if any(places.values())}
        need(sorted(load["link"] for load in kinds) == sorted(carry))
        for load in kinds:
            places = loads[load["link"]]
            need(load["total"] == sum(places.values()) and load["most"] == max(places.values()))
            need(places[load["wafer"], load["x"], load["y"]] == load["most"])
        hottest = self.plan["links"]["hottest"]
        need(hottest in kinds if kinds else hottest["link"] == "none" and hottest["most"] == 0)
        need(hottest["most"] == max((load["most"] for load in kinds), default=0))


def units_of(plan, kernel, over_groups):
    """The groups of a kernel; its region where it has none, or for what goes over all of them."""
    groups = [] if over_groups else kernel["expert_groups"]
    return [group["rectangle"] for group in groups] or [region_of(plan, kernel)["rectangle"]]


def is_over_groups(plan, kernel, op, axis, cores):
    """Whether an all-reduce for an op is the one that joins groups."""
    side = "width" if axis == "x" else "height"
    is_last = op == len(kernel["ops"]) - 1 and axis == move_oracle.joined_axis(kernel)
    return is_last and cores == region_of(plan, kernel)["rectangle"][side]


def cores_of_sum(op, axis):
    dims = [dim for dim in op["dims"] if dim["axis"] == axis]
    points = math.prod(dim["pitch"] for dim in dims if dim["reduction"])
    slower = math.prod(dim["pitch"] for dim in dims if not dim["reduction"])
    if not any(dim["reduction"] for dim in dims):
        return 1
    parts, shard = dims[-1]["parts"], dims[-1]["shard"]
    if slower == 1:
        return min(parts, points)
    return ceil_div(points, shard) + (shard < points and points % shard != 0)


def sums_along(op, axis):
    """The cores that hold parts of each sum, by their number on the axis."""
    dims = [dim for dim in op["dims"] if dim["axis"] == axis]
    held = collections.defaultdict(set)
    for point, index in enumerate(itertools.product(*(range(dim["pitch"]) for dim in dims))):
        held[tuple(i for i, dim in zip(index, dims) if not dim["reduction"])].add(point // dims[-1]["shard"])
    return [sorted(cores) for _, cores in sorted(held.items())]


def turns_of(sums, cores, parts):
    """Lines that do not meet go together: in how many turns all of them go."""
    if all(own[0] // cores == own[-1] // cores for own in sums):
        return 1
    starts = [min(own[0], parts - cores) for own in sums]
    return next(turns for turns in range(1, len(sums) + 1)
                if all(b >= a + cores for a, b in zip(starts, starts[turns:])))


def seen(op, axis, others=()):
    """Values that are not summed and that a core sees along an axis: of dims one after the other all together. Dims of
    the names `others` do not count."""
    def is_out(dim):
        return dim["reduction"] or dim["dim"] in others

    dims = [dim for dim in op["dims"] if dim["axis"] == axis]
    if axis == "none" or all(map(is_out, dims)):
        return math.prod(dim["size"] for dim in dims if not is_out(dim))
    shard, total = max(1, dims[0]["shard"]), 1
    for is_summed, block in itertools.groupby(dims, is_out):
        block = list(block)
        inner = block[-1]["inner"]
        touched = ceil_div(shard, inner) + (max(shard, inner) % min(shard, inner) != 0)
        total *= 1 if is_summed else min(math.prod(dim["size"] for dim in block), touched)
    return min(total, shard)


def elements_of(kernel, op, is_joined=False):
    """Values that one line adds. Experts add one for each choice of the busiest group, or, of what they give, for each
    token."""
    if kernel["role"] != "experts":
        return math.prod(seen(op, axis) for axis in ("none", "x", "y", "group"))
    tokens = next((dim["size"] for each in kernel["ops"] for dim in each["dims"] if dim["dim"] == "token"), 1)
    choices = kernel.get("activations", 0)
    if op["operands"][-1]["role"] == "output":
        choices = tokens if is_joined else min(tokens, choices)
    return choices * math.prod(seen(op, axis, ("token", "expert")) for axis in ("none", "x", "y", "group"))


def sums_of(plan, kernel, agrees):
    """(op, axis, cores of a line, elements of a line, ops that make them) of every all-reduce, in order."""
    outputs = {s["from_port"]: s["shape"][-1] if s["shape"] else 1 for s in plan["streams"] if s["from"] == kernel["name"]}
    joined, region = move_oracle.joined_axis(kernel), region_of(plan, kernel)["rectangle"]
    pending, found = None, []

    def name(use):
        return use["role"], "scratch" if use["buffer"].startswith("scratch of op ") else use["buffer"]

    def is_value(use):
        return use["role"] in ("scratch", "output")

    def finish(at):
        nonlocal pending
        if pending:
            found.append((at, *pending["way"], pending["elements"], pending["ops"]))
        pending = None

    for at, op in enumerate(kernel["ops"]):
        sums = [(axis, cores_of_sum(op, axis)) for axis in "xy" if cores_of_sum(op, axis) > 1]
        # Lines of the sum that joins groups go over the whole region, with one vector for all experts of a core.
        is_joined = at == len(kernel["ops"]) - 1 and bool(joined)
        if is_joined:
            sums = [(axis, region["width" if axis == "x" else "height"]) for axis, _ in sums]
        elements = elements_of(kernel, op, is_joined)
        if op["kind"] == "top_k" and outputs:
            elements *= 2 * outputs[max(outputs)]
        if op["kind"] == "softmax" and not agrees:
            elements *= 2
        reads = op["operands"][:-1] if len(op["operands"]) > 1 and is_value(op["operands"][-1]) else op["operands"]
        for use in reads:
            along = pending and op["kind"] == "contraction" and sums == [pending["way"]]
            if pending and any(name(use) == value and not (later and along) for value, later in pending["values"]):
                finish(at)
        for way in sums:
            if op["kind"] == "softmax" and agrees:
                finish(at)
                found.append((at, *way, elements, [at]))
            if pending and pending["way"] != way:
                finish(at)
            pending = pending or {"way": way, "elements": 0, "values": [], "ops": []}
            pending["elements"] += elements
            pending["ops"].append(at)
            if op["operands"] and is_value(op["operands"][-1]):
                pending["values"].append((name(op["operands"][-1]), op["op"] == "rms_norm" or op["kind"] == "softmax"))
    finish(max(0, len(kernel["ops"]) - 1))
    return found


def holds(plan):
    try:
        Routes(plan).check()
    except (Broken, KeyError, IndexError, ZeroDivisionError, StopIteration, ValueError, TypeError):
        return False
    return True

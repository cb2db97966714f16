"""inlay-check finds what is wrong with routes, patterns, colours and links, and says it word for word."""

import copy

import pytest

import checking
from checking import matches

NAME = "gpt-oss-tiny-int4"
SPREAD = "model.layers.0.moe.router:0"


def route(plan, kind, number=0, axis=None):
    found = [r for r in plan["routes"] if r["kind"] == kind and axis in (None, r["line_axis"])]
    return found[number]


def segment(plan, kind, number=0, **members):
    """The segment of a route that has these members."""
    return next(s for s in route(plan, kind, number)["segments"]
                if all(s[name] == value for name, value in members.items()))


def sums(plan, name, axis="x"):
    """The all-reduce of this pattern along an axis."""
    return next(r for r in plan["routes"] if (r["kind"], r["pattern"], r["line_axis"]) == ("all_reduce", name, axis))


def entry(plan):
    """A trunk on the wafer that it comes to from another."""
    exits = [r["streams"] for r in plan["routes"] if r["kind"] == "trunk" and r["wafer"] == 0]
    return next(r for r in plan["routes"] if r["kind"] == "trunk" and r["wafer"] == 1 and r["streams"] in exits)


def exit_of(plan):
    """A trunk of one router that leads off its wafer."""
    entries = [r["streams"] for r in plan["routes"] if r["kind"] == "trunk" and r["wafer"] == 1]
    return next(r for r in plan["routes"] if r["kind"] == "trunk" and r["wafer"] == 0 and r["streams"] in entries
                and len(r["segments"]) == 1)


def pattern(plan, algorithm):
    return next(p for p in plan["patterns"] if p["algorithm"] == algorithm)


def links(plan, kind):
    return next(load for load in plan["links"]["kinds"] if load["link"] == kind)


def add(owner, key, amount):
    owner[key] += amount


def put(owner, key, value):
    owner[key] = value


def dims_of(op, *names):
    return [[dim["dim"] for dim in op["dims"]].index(name) for name in names]


def turn(op):
    """What was cut along x is cut along y, and the other way round."""
    for dim in op["dims"]:
        dim["axis"] = {"x": "y", "y": "x"}.get(dim["axis"], dim["axis"])


def turn_groups(kernel):
    """The groups side by side instead of one above the other, and all cuts with them: still no sum joins them."""
    for op in kernel["ops"]:
        turn(op)
    for group in kernel["expert_groups"]:
        place = group["rectangle"]
        place.update({"x": place["y"], "y": place["x"], "width": place["height"], "height": place["width"]})


def narrow_groups(kernel):
    """The groups without their first column: what was whole on all their cores where it was made no longer is on theirs."""
    for group in kernel["expert_groups"]:
        group["rectangle"].update({"x": 1, "width": 7})


def lead_together(plan):
    """All that the router makes on the way of its first output, to groups that need it led."""
    narrow_groups(plan["kernels"][3])
    for kind in ("gather", "trunk", "spread"):
        put(next(r for r in plan["routes"] if r["kind"] == kind and r["streams"] == [3]), "streams", [3, 4, 5])


def double(items, number=0):
    items.append(copy.deepcopy(items[number]))


def ring(plan):
    """Four routers beside the trunk's way that send round in a circle."""
    corners = [(5, 2, "S", ["E"]), (6, 2, "W", ["S"]), (6, 3, "N", ["W"]), (5, 3, "E", ["N"])]
    for x, y, taken, out in corners:
        route(plan, "trunk", 1)["segments"].append({"x": x, "y": y, "width": 1, "height": 1, "count": 1, "dx": 0, "dy": 0,
                                                    "in": taken, "out": out, "position": 0})


# A change, and words of what must be said about it; a * stands for anything.
CASES = {
    # Each route by itself.
    "name": (lambda p: put(route(p, "gather"), "name", route(p, "trunk")["name"]), "route '*: trunk': is there twice"),
    "in turn": (lambda p: put(route(p, "trunk"), "in_turn", True), "of kind trunk is in turn: trunks are set once"),
    "once": (lambda p: put(route(p, "gather"), "in_turn", False), "of kind gather is set once: only trunks are"),
    "members": (lambda p: put(route(p, "gather"), "line_axis", "x"), "of kind gather has members of another kind, or lacks its own"),
    "wafer": (lambda p: put(route(p, "trunk"), "wafer", 1), "is on wafer 1 of 1"),
    "stream": (lambda p: put(route(p, "gather")["streams"], 0, 99), "leads stream 99 of 15"),
    "pattern": (lambda p: put(route(p, "combine"), "pattern", "more"), "names pattern 'more', which is not there"),
    "colours": (lambda p: route(p, "all_reduce")["colours"].pop(), "has 2 colours, 3 are needed"),
    "colour": (lambda p: put(route(p, "trunk")["colours"], 0, 21), "has colour 21, but the target has 0 to 20"),
    "colour twice": (lambda p: put(route(p, "all_reduce")["colours"], 0, 1), "has colour 1 twice"),
    "no region": (lambda p: put(route(p, "gather", 0), "streams", [0]), "is in turn in no region"),
    "region": (lambda p: put(route(p, "gather"), "wafer", 1), "is on wafer 1, its region 'w0.r0' on wafer 0"),
    "dead": (lambda p: p["system"]["dead"].append({"x": 0, "y": 4, "width": 1, "height": 1}),
             "goes over dead cores at (0, 4) of wafer 0"),
    "leaves region": (lambda p: put(p["regions"][0]["rectangle"], "width", 7),
                      "is in turn, but at (7, 0) to (7, 3) it leaves its region 'w0.r0' at (0, 0) to (6, 7)"),
    "grid": (lambda p: add(segment(p, "spread", width=6), "width", 3), "at (1, 0) to (9, 3) leaves the grid of 8 x 8"),
    "copies": (lambda p: segment(p, "spread", width=6).update({"count": 99, "dx": 0, "dy": 0}),
               "has 99 copies of routers at (1, 0), more than the grid has room for"),
    "ports": (lambda p: put(segment(p, "spread", width=6), "out", ["W"]), "has no legal ports at (1, 0)"),
    "position": (lambda p: put(segment(p, "gather", position=1), "position", 4),
                 "uses position 4 of the switch of the router at (*), which has 4"),
    "settings": (lambda p: [route(p, "spread")["segments"].append(
        {"x": 0, "y": 0, "width": 8, "height": 8, "count": 1, "dx": 0, "dy": 0, "in": "W", "out": ["E"], "position": i % 4})
        for i in range(5)], "settings for the 64 routers of a wafer"),
    "two settings": (lambda p: double(route(p, "spread")["segments"]), "has two settings in one position in the router at (7, 0)"),
    "gather order": (lambda p: put(segment(p, "gather", **{"in": "ramp", "out": ["S"]}), "position", 3),
                     "gathers in the router at (*) from ramp after N: its own core comes first, then W or N, then E or S"),
    "not taken in": (lambda p: route(p, "trunk", 1)["segments"].remove(segment(p, "trunk", 1, y=7)),
                     "sends S into the router at (0, 7), which does not take it in"),
    "not sent": (lambda p: route(p, "trunk", 1)["segments"].remove(segment(p, "trunk", 1, **{"in": "ramp"})),
                 "takes in from S in the router at (0, 3), where nothing is sent"),
    "cycle": (ring, "waits for itself: a cycle of channels passes the router at (5, 2) of wafer 0"),
    "line length": (lambda p: put(sums(p, "middle_one_phase of 4", "y")["lines"][0], "height", 3),
                    "has lines of 3 routers at (0, 0) to (7, 2), the pattern 'middle_one_phase of 4' is 4 long"),
    "two lines": (lambda p: double(route(p, "all_reduce")["lines"]), "has two lines in the router at (0, 0)"),
    # From producers to consumers.
    "no route": (lambda p: p["routes"].remove(route(p, "trunk")),
                 "stream 'input_ids' from the host to 'model.embed_tokens': is led by routes of 0 flows, it needs 1"),
    "two flows": (lambda p: put(route(p, "trunk", 1), "streams", [3, 4]), "is led by routes of 2 flows, it needs 1"),
    "other kernels": (lambda p: put(route(p, "trunk", 1), "streams", [3, 7]),
                      "routes of model.layers.0.moe.router:0, model.layers.0.moe.experts:0: lead streams between different kernels"),
    "streams": (lambda p: put(route(p, "trunk", 1), "streams", [4, 3, 5]), "lead them in another order than that of the streams"),
    "kind": (lambda p: route(p, "trunk").update({"kind": "spread", "in_turn": True, "streams": [14]}),
             "is a spread on wafer 0, where its streams do not have this end"),
    "axis": (lambda p: put(route(p, "trunk", 1), "axis", "x"), "serves parts along axis x, its consumer wants them along y"),
    "spread parts": (lambda p: put(route(p, "spread"), "end_part", 3),
                     "serves parts 0 to before 3, a spread serves 0 to before 4"),
    "trunk parts": (lambda p: put(route(p, "trunk", 1), "end_part", 3),
                    f"routes of {SPREAD}: have 1 trunks on one wafer that do not serve each of 4 parts once"),
    "edge": (lambda p: put(segment(p, "trunk", x=0, y=0), "in", "ramp"),
             "enters wafer 0 at 0 of its edge and leaves it at 0; it should at 1 and 0"),
    "wavelets": (lambda p: add(route(p, "gather"), "wavelets", 1), "says 65 wavelets, its streams make 64"),
    "wavelets of streams": (lead_together, "says 64 wavelets, its streams make 70"),
    "no hub": (lambda p: put(segment(p, "trunk", 2, **{"in": "ramp"}), "in", "W"), "begins at 0 cores instead of one hub"),
    "begins outside": (lambda p: [put(g["rectangle"], "y", 4 - g["rectangle"]["y"]) for g in p["kernels"][3]["expert_groups"]],
                       "begins at (0, 0), outside the cores of its producer at (0, 4) to (7, 7)"),
    "gathers outside": (lambda p: [put(g["rectangle"], "y", 4 - g["rectangle"]["y"]) for g in p["kernels"][3]["expert_groups"]],
                        "gathers from (0, 1) to (0, 3), outside the cores of its producer at (0, 4) to (7, 7)"),
    "left out": (lambda p: p["routes"].remove(route(p, "gather")),
                 "leaves out what the core at (0, 0) of its producer holds"),
    "left out both": (lambda p: put(p["kernels"][-1]["ops"][2]["operands"][-1], "index_dims", dims_of(p["kernels"][-1]["ops"][2], "k", "n")),
                      "leaves out what the cores at (0, 0) to (7, 3) of its producer hold"),
    "not sent on": (lambda p: [put(s, "x", 1) for s in route(p, "trunk", 1)["segments"]], "ends at (0, 4), where nothing is sent on"),
    "lands where": (lambda p: put(route(p, "trunk", 1), "end_part", 3), "lands at (*) in row 3, which it does not serve"),
    "does not land": (lambda p: segment(p, "trunk", 1, y=7).update({"out": ["ramp"], "y": 7}) or segment(p, "trunk", 1, y=5)["out"].remove("ramp"),
                      "does not land in row 5 of its consumer"),
    "lands twice": (lambda p: route(p, "trunk", 1)["segments"].extend([
        {**segment(p, "trunk", 1, y=7), "x": 1, "in": "W", "out": ["ramp"]}]) or segment(p, "trunk", 1, y=7, x=0)["out"].append("E"),
        "lands in 9 cores of 8 rows"),
    "spread way": (lambda p: segment(p, "spread", width=6).update({"in": "N", "out": ["S", "ramp"]}), "does not take it in"),
    "spread from": (lambda p: [put(s, "x", 1) for s in route(p, "trunk", 1)["segments"]], "spreads from (0, 0), where no lane lands"),
    "lands outside": (lambda p: narrow_groups(p["kernels"][3]),
                      "lands at (0, 5) to (0, 6), outside the cores of its consumer at (1, 0) to (7, 7)"),
    "spread turns": (lambda p: [turn(op) for op in p["kernels"][3]["ops"]], "leaves the column of a part at (7, 0)"),
    "not reached": (lambda p: p["routes"].remove(route(p, "spread")),
                    f"routes of {SPREAD}: do not reach the cores at (1, 0) to (7, 0) of their consumer"),
    # Patterns.
    "pattern twice": (lambda p: double(p["patterns"]), "pattern '*': is there twice"),
    "pattern unused": (lambda p: p["patterns"].append({**p["patterns"][0], "name": "more"}), "pattern 'more': is of no route"),
    "no line": (lambda p: put(pattern(p, "ring"), "cores", 6),
                "has 6 cores on a line of * routers in 3 colours, which no line of the grid can have"),
    "pattern name": (lambda p: put(pattern(p, "ring"), "algorithm", "two_tree"),
                     "is 'two_tree of *' by its algorithm, cores, distance and root"),
    "segment leaves": (lambda p: put(pattern(p, "ring")["segments"][0], "count", 9),
                       "has a segment from position * on in 9 steps of *, which leave the line of *"),
    "action leaves": (lambda p: put(pattern(p, "ring")["actions"][0], "first", 9), "has an action from position 9 on"),
    "segment ports": (lambda p: put(pattern(p, "ring")["segments"][0], "colour", 9),
                      "has a segment at position * without legal ports or colour"),
    "action colours": (lambda p: put(pattern(p, "ring")["actions"][0], "rounds", 99),
                       "has an action at position * without legal colours or rounds"),
    "pattern position": (lambda p: put(pattern(p, "ring")["segments"][0], "position", 9),
                         "uses position 9 of the switch of the router at *, which has 4"),
    "pattern settings": (lambda p: double(pattern(p, "ring")["segments"]),
                         "has two settings of colour * in position 0 of the router at"),
    "pattern sends": (lambda p: put(pattern(p, "ring"), "segments", [s for s in pattern(p, "ring")["segments"] if s["in"] != "back"]),
                      "sends colour * ahead from the router at *, where nothing takes it in"),
    "pattern takes": (lambda p: put(pattern(p, "ring"), "segments", [s for s in pattern(p, "ring")["segments"] if s["in"] != "ramp"]),
                      "takes in colour * from * in the router at *, where nothing is sent"),
    "ramp": (lambda p: pattern(p, "ring")["actions"].pop(), "has a core at * that does not do in colour * what its ramp does"),
    "no core": (lambda p: add(pattern(p, "star")["actions"][0], "first", -1), "has an action at *, where none of its cores is"),
    "never ends": (lambda p: add(pattern(p, "ring")["actions"][0], "rounds", -1),
                   "never ends: the core at * waits to * in colour *, on a cycle of dependencies"),
    "parts twice": (lambda p: [pattern(p, "broadcast").update({"algorithm": "star"})]
                    and [put(a, "rounds", 2) for a in next(q for q in p["patterns"] if q["name"] == "broadcast of 8")["actions"]],
                    "adds the same part to the core at * twice"),
    "result": (lambda p: [put(a, "forward", False) for a in pattern(p, "middle_one_phase")["actions"]],
               "leaves the core at * with the parts of * cores, 'middle_one_phase' promises 8"),
    "load": (lambda p: add(pattern(p, "ring")["segments"][0], "load", 1),
             "says that the router at * carries colour * 2 times *, it does 1 times"),
    # Sums.
    "no all-reduce": (lambda p: put(route(p, "all_reduce", 1), "pattern", "star of 2 by 4"),
                      "does not bring the sum of a line to all its cores by pattern 'star of 2 by 4'"),
    "no user": (lambda p: put(route(p, "all_reduce")["uses"][0], "kernel", "nobody"), "is used by kernel 'nobody', which is not there"),
    "sum": (lambda p: route(p, "all_reduce")["uses"].pop(0),
            "kernel 'model.layers.0.attn': needs 1 sums for op 5 along y over lines of 8 cores with 17 wavelets, routes have 0"),
    "no sum": (lambda p: add(route(p, "all_reduce")["uses"][0], "op", 1),
               "kernel 'model.layers.0.attn': needs no sum for op 6 along y over lines of 8 cores with 17 wavelets, routes have 1"),
    "lines": (lambda p: sums(p, "middle_one_phase of 4", "y")["lines"][0].update({"y": 2, "count": 1}),
              "has lines at (*) that leave an expert group or the cores of kernel"),
    "together": (lambda p: sums(p, "ring of 2")["lines"][0].update({"x": 1, "count": 1}),
                 "kernel 'model.layers.0.attn': has parts of one sum of op * on the cores at (0, 0) to (1, 7), which no line along x has together"),
    # Moves.
    "no all-gather": (lambda p: put(route(p, "move"), "pattern", route(p, "all_reduce")["pattern"]),
                      "does not bring what each core of a line has to all others by pattern '"),
    "move": (lambda p: add(route(p, "move")["uses"][0], "wavelets", 1),
             "needs 1 moves for op * along * over 1 lines of 8 cores, 7 of which have * wavelets each for another, routes have 0"),
    "no move": (lambda p: add(route(p, "move")["uses"][0], "op", 1),
                "needs no move for op * along * over 1 lines of 8 cores, 7 of which have * wavelets each for another, routes have 1"),
    "lines of a move": (lambda p: put(route(p, "move", axis="y")["lines"][0], "width", 7),
                        "has lines that do not follow each other from the first cores of kernel '*', or of its expert groups, on"),
    "pieces": (lambda p: [put(a, "rounds_step", 0) for a in pattern(p, "all_gather")["actions"]],
               "never ends: the core at * waits to receive in colour *, on a cycle of dependencies"),
    "senders": (lambda p: put(pattern(p, "all_gather"), "name", "all_gather of 8 from 6"),
                "is 'all_gather of 8 from 7' by its algorithm, cores, distance and root"),
    # Expert groups.
    "combination": (lambda p: add(route(p, "combine")["uses"][0], "wavelets", 1),
                    "combines the groups of kernel 'model.layers.0.moe.experts' after op 3, 1 times, with 17 wavelets; it should after op 3, once, with 16"),
    "parts": (lambda p: turn_groups(p["kernels"][3]),
              "adds different parts of the output of kernel 'model.layers.0.moe.experts' on the line from (0, 0) to (1, 0)"),
    "parts along y": (lambda p: route(p, "combine", 1).update({"line_axis": "y", "lines": [{**route(p, "combine")["lines"][0], "height": 8}]}),
                      "adds different parts of the output of kernel 'model.layers.0.moe.experts' on the line from (0, 0) to (0, 1)"),
    "groups": (lambda p: put(p["kernels"][3]["expert_groups"][1]["rectangle"], "x", 1),
               "has expert groups that do not tile the cores at (0, 0) to (8, 7) from the north-west on"),
    "outside groups": (lambda p: [put(group["rectangle"], "width", 7) for group in p["kernels"][3]["expert_groups"]],
                       "has lines at (0, 0) to (7, 0) outside the expert groups of kernel 'model.layers.0.moe.experts' at (0, 0) to (6, 7)"),
    "not combined": (lambda p: p["routes"].remove(route(p, "combine", 2)),
                     "has the sum of 1 of its 2 expert groups at the core (0, 1) when all are combined"),
    "combined twice": (lambda p: p["routes"].insert(8, {**route(p, "combine"), "name": "more"}),
                       "adds the sum of one group of kernel 'model.layers.0.moe.experts' twice on the line from (0, 0)"),
    "no groups": (lambda p: put(route(p, "combine")["uses"][0], "kernel", "lm_head"), "combines the groups of kernel 'lm_head', which has none"),
    # Colours.
    "shared colour": (lambda p: put(route(p, "trunk")["colours"], 0, 0),
                      "has colour 0 in the router at (*) of wafer 0, and so has route '*', which may be there at the same time"),
    "trunk order": (lambda p: p["routes"].append(p["routes"].pop(p["routes"].index(route(p, "trunk", 1)))), "which may be there at the same time"),
    "positions": (lambda p: [put(r["colours"], 0, 6) for r in p["routes"] if r["kind"] == "trunk"],
                  "give the router at (*) of wafer 0 * settings of colour 6, its switch has 4 positions"),
    "available": (lambda p: put(p["colours"], "available", 20), "say that 20 are available, the target has 21"),
    "used": (lambda p: add(p["colours"], "used", 1), "say that 7 are used, the routes have 6"),
    "bound": (lambda p: add(p["colours"], "lower_bound", 1),
              "say that the router at (0, 4) of wafer 0 needs 7, it needs 6"),
    "bound elsewhere": (lambda p: add(p["colours"], "lower_bound", -1),
                        "say that no router needs more than 5, the one at (0, 4) of wafer 0 needs 6"),
    # Links.
    "links twice": (lambda p: double(p["links"]["kinds"]), "links 'W': are there twice"),
    "links gone": (lambda p: p["links"]["kinds"].pop(), "links 'edge': are missing, but carry 256 wavelets"),
    "links total": (lambda p: add(links(p, "W"), "total", 1), "links 'W': say that they carry * wavelets, routes give *"),
    "links most": (lambda p: add(links(p, "W"), "most", 1),
                   "say * wavelets on the fullest, routes give * to that of the router at (1, 4) of wafer 0"),
    "links where": (lambda p: add(links(p, "W"), "x", 1), "name the router at (2, 4) of wafer 0 for * wavelets, routes give it"),
    "links kind": (lambda p: put(links(p, "W"), "link", "none"), "links 'none': are no kind of links"),
    "hottest": (lambda p: put(p["links"], "hottest", links(p, "W")),
                "say that the hottest is 'W' with * wavelets, which is none of them or not the fullest: *"),
}


# The same on two wafers: streams 6 and 7 cross.
WAFERS = {
    "no trunk": (lambda p: put(entry(p), "first_part", 1), "leaves wafer 0 with parts that enter wafer 1 in no trunk"),
    "begins": (lambda p: put(entry(p)["segments"][0], "in", "ramp"), "begins at (0, 0), but comes from another wafer"),
    "lands": (lambda p: exit_of(p)["segments"][0]["out"].append("ramp"), "lands at (*), but leads to another wafer"),
    "edge": (lambda p: put(exit_of(p)["segments"][0], "out", ["ramp"]),
             "enters wafer 0 at 0 of its edge and leaves it at 0; it should at 0 and 1"),
    "exit side": (lambda p: exit_of(p)["segments"][0].update({"y": 7, "out": ["S"]}), "leaves wafer 0 over its edge S, not E"),
    "entry side": (lambda p: put(entry(p), "segments", [{**entry(p)["segments"][0], "y": 7, "in": "S", "out": ["ramp"]}]),
                   "enters wafer 1 by its edge S, not W or N"),
    "user": (lambda p: route(p, "all_reduce")["uses"].append({"kernel": "lm_head", "op": 2, "times": 1, "wavelets": 33}),
             "is used by kernel 'lm_head', which is not in region 'w0.r0'"),
    "wafer": (lambda p: put(next(r for r in p["routes"] if r["kind"] == "gather" and r["wafer"] == 0), "wafer", 1), "is a gather on wafer 1, where its streams do not have this end"),
}


@pytest.fixture(scope="module")
def found():
    """Violations by case, of one run for each plan."""
    return {"one wafer": checking.violations(checking.subject(NAME, placed=NAME), CASES),
            "two wafers": checking.violations(checking.subject(NAME, placed=f"{NAME}-two-wafers"), WAFERS)}


@pytest.mark.parametrize("plan, case", [("one wafer", case) for case in CASES] + [("two wafers", case) for case in WAFERS])
def test_violations_are_told(found, plan, case):
    words = (CASES if plan == "one wafer" else WAFERS)[case][1]
    assert any(matches(words, violation) for violation in found[plan][case]), "\n".join(found[plan][case])


def test_groups_that_one_sum_joins_are_not_combined():
    """Groups in one line are added by the sum of their last product, which reaches all of them."""
    subject = checking.subject("gpt-oss-tiny-int4", "grid8x8")
    kernel = next(kernel for kernel in subject.plan["kernels"] if len(kernel["expert_groups"]) > 1)
    assert not any(route["kind"] == "combine" for route in subject.plan["routes"])

    def combine(plan):
        sums = (r for r in plan["routes"] if r["kind"] == "all_reduce" and any(use["kernel"] == kernel["name"] for use in r["uses"]))
        put(next(sums), "kind", "combine")

    told = checking.violations(subject, {"joined": (combine, "")})["joined"]
    assert any(f"combines the groups of kernel '{kernel['name']}', over which its last op sums" in violation for violation in told), told

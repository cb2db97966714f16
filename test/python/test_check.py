"""inlay-check finds what is wrong with a plan, and says it word for word."""

import copy
import json
import re
import resource
import subprocess

import onnx
import pytest

import checking
import placing
from checking import matches

NAME = "gpt-oss-tiny-int4"


def kernel(plan, role):
    return next(kernel for kernel in plan["kernels"] if kernel["role"] == role)


def op(plan, name):
    return next(op for op in kernel(plan, "attention")["ops"] if op["op"] == name)


def region(plan, role):
    name = kernel(plan, role)["region"]
    return next(region for region in plan["regions"] if region["name"] == name)


def buffers(plan, role):
    return kernel(plan, role)["core_classes"][0]["memory"]


def buffer(plan, role, of="attention"):
    return next(buffer for buffer in buffers(plan, of) if buffer["role"] == role)


def stream(plan, to="attention"):
    name = kernel(plan, to)["name"]
    return next(stream for stream in plan["streams"] if stream["to"] == name)


def weight(plan, ending, role="attention"):
    return next(weight for weight in kernel(plan, role)["weights"] if weight["name"].endswith(ending))


def piece(plan, ending="o_proj.MatMul.weight_Q4"):
    return weight(plan, ending)["pieces"][0]


def add(owner, key, amount):
    owner[key] += amount


def put(owner, key, value):
    owner[key] = value


def double(items):
    items.append(copy.deepcopy(items[0]))


# A change, and words of what must be said about it; a * stands for anything.
CASES = {
    "schema type": (lambda p: put(p, "seed", True), "seed: is none of the 2 things allowed here"),
    "schema enum": (lambda p: put(kernel(p, "head"), "role", "tail"), 'role: must be one of ["embedding"'),
    "schema const": (lambda p: put(p, "format", "plan"), 'format: must be "inlay-plan"'),
    "schema string": (lambda p: put(p, "model", 1), "model: must be of type string"),
    "schema missing": (lambda p: p.pop("step"), "the plan: has no member 'step'"),
    "schema extra": (lambda p: put(p, "more", 1), "the plan: has a member 'more' that nobody knows"),
    "schema low": (lambda p: put(kernel(p, "head"), "layer", -2), "layer: is -2, less than -1"),
    "schema clock": (lambda p: put(p["system"], "clock_ghz", 0), "clock_ghz: is 0, must be more than 0"),
    "schema pattern": (lambda p: put(p["digests"][0], "sha256", "00"), "sha256: does not match '^[0-9a-f]{64}$'"),
    "schema empty": (lambda p: put(p["system"], "target", ""), "system.target: must not be empty"),
    "schema few": (lambda p: put(p["estimate"], "rates", []), "rates: has 0 elements, at least 1 are needed"),
    "digest twice": (lambda p: double(p["digests"]), "digest of 'model.onnx': is there twice"),
    "dead outside": (lambda p: p["system"]["dead"].append({"x": 8, "y": 0, "width": 1, "height": 1}),
                     "dead cores (8, 0) to (8, 0): lie outside the grid"),
    "dead covered": (lambda p: p["system"]["dead"].append({"x": 0, "y": 0, "width": 1, "height": 1}),
                     "covers dead cores at (0, 0) to (0, 0)"),
    "reserved": (lambda p: put(p["system"], "reserved_bytes", 300000), "300000 B are reserved of 262144 B of SRAM"),
    "reserved gap": (lambda p: put(p["system"]["reserved"][0], "address", 16),
                     "reserved range 'code, stack and runtime': begins at 16, the bytes before it end at 0"),
    "reserved less": (lambda p: put(p["system"]["reserved"][0], "bytes", 6128), "reserved: ranges end at 6128, but 6144 B"),
    "banks": (lambda p: put(p["system"], "banks", 4), "figure 'banks': is 8, but the system says 4"),
    "banks unknown": (lambda p: put(p["system"], "figures", [f for f in p["system"]["figures"] if f["name"] != "banks"]),
                      "banks: are 8, which no figure of the target says"),
    "bank": (lambda p: put(buffer(p, "state"), "bank", 7), "says that it begins in bank 7, its offset is in bank 0"),
    "alignment": (lambda p: put(buffer(p, "state"), "alignment", 32), "says an alignment of 32 B, the system of 16 B"),
    "budget": (lambda p: add(p["system"], "budget_bytes", 16),
               "is 256016 B in a feasible plan, but SRAM less what is reserved is 256000 B"),
    "feasible": (lambda p: put(p, "feasible", False), "is false, but the budget of 256000 B is there on every core"),
    "figure": (lambda p: put(p["system"], "clock_ghz", 1.5), "figure 'clock': is 0.85, but the system says 1.5"),
    "step": (lambda p: put(p["step"], "tokens", 2),
             "decodes 2 tokens of each sequence; one is what a decode step adds"),
    "option": (lambda p: put(p["options"], 1, "batch=3"), "options: say batch=3, the plan is for 1"),
    "stream order": (lambda p: p["streams"].reverse(), "stands behind one of a later consumer or input"),
    "kernel twice": (lambda p: put(p["kernels"][1], "name", p["kernels"][0]["name"]),
                     "kernel 'model.embed_tokens': is there twice"),
    "region wafer": (lambda p: put(region(p, "head"), "wafer", 1), "is on wafer 1 of 1"),
    "kernel wafer": (lambda p: put(region(p, "head"), "wafer", 1), "is on wafer 0, its region '"),
    "region outside": (lambda p: add(region(p, "head")["rectangle"], "width", 8), "reaches out of the grid of 8 x 8"),
    "regions overlap": (lambda p: p["regions"].append({**region(p, "head"), "name": "more", "kernels": []}),
                        "cores in common"),
    "region gone": (lambda p: put(kernel(p, "head"), "region", "nowhere"),
                    "names region 'nowhere', which is not there"),
    "region empty": (lambda p: p["regions"].append({**region(p, "head"), "name": "more"}), "has no kernel"),
    "region order": (lambda p: region(p, "head")["kernels"].append("more"),
                     "does not list the kernels that name it, in order"),
    "region bytes": (lambda p: add(region(p, "head"), "bytes_per_core", 16), "B on a core, its kernels say"),
    "experts role": (lambda p: put(kernel(p, "experts"), "experts", 0), "has role 'experts' and 0 experts"),
    "experts groups": (lambda p: put(kernel(p, "experts"), "expert_groups", []),
                       "has role 'experts' and 0 expert groups"),
    "experts chosen": (lambda p: put(kernel(p, "experts"), "experts_per_token", 5), "takes 5 of 4 experts for a token"),
    "group index": (lambda p: add(kernel(p, "experts")["expert_groups"][0], "index", 1), "stands at place 0"),
    "group outside": (lambda p: add(kernel(p, "experts")["expert_groups"][0]["rectangle"], "x", 9),
                      "reaches out of the region at"),
    "group shape": (lambda p: add(kernel(p, "experts")["expert_groups"][-1]["rectangle"], "width", -1),
                    " cores, the first group has "),
    "group expert twice": (lambda p: double(kernel(p, "experts")["expert_groups"][0]["experts"]), "expert group 0: holds expert 0 twice"),
    "group expert unknown": (lambda p: kernel(p, "experts")["expert_groups"][0]["experts"].append(99), "holds expert 99 of "),
    "groups without a cut": (lambda p: [put(dim, "axis", "none") for o in kernel(p, "experts")["ops"] for dim in o["dims"]
                                        if dim["axis"] == "group"] + [kernel(p, "experts")["expert_groups"][0]["experts"].pop()],
                             "experts, which no cut spreads over groups"),
    "group expert missing": (lambda p: kernel(p, "experts")["expert_groups"][0]["experts"].pop(0), "has expert 0 in no group"),
    "class outside": (lambda p: add(kernel(p, "head")["core_classes"][0]["rectangles"][0], "height", 5),
                      "has cores that do not work for the kernel"),
    "class cores": (lambda p: add(kernel(p, "head")["core_classes"][0], "cores", 1), "says * cores, its rectangles have"),
    "class twice": (lambda p: double(kernel(p, "head")["core_classes"]), "class 'all': is there twice"),
    "classes cover": (lambda p: double(kernel(p, "head")["core_classes"]), "cores in classes,"),
    "kind": (lambda p: put(op(p, "linear"), "kind", "elementwise"), "is of kind elementwise and has a reduction dim"),
    "dim": (lambda p: add(op(p, "linear")["dims"][1], "shard", 1), "dim 1 has * points of 'n' *; by the rule of cuts it has "),
    "experts dim": (lambda p: add(kernel(p, "experts"), "experts", 1),
                    "over expert groups, but there are 5 experts"),
    "operand ranks": (lambda p: op(p, "linear")["operands"][0]["index_dims"].append(0), "dims and 2 divisors"),
    "operand dim": (lambda p: put(op(p, "linear")["operands"][0]["index_dims"], 0, 9), "is indexed by dim 9 of 3"),
    "operand order": (lambda p: op(p, "linear")["operands"].insert(0, op(p, "linear")["operands"].pop()), "ends with operand '*' of role *, not with what it makes"),
    "operand bits": (lambda p: put(op(p, "linear")["operands"][0], "bits", 7), "has 7 bits of type"),
    "operand unknown": (lambda p: put(op(p, "linear")["operands"][1], "buffer", "no such weight"),
                        "operand 'no such weight': is no weights of the kernel"),
    "operand type": (lambda p: put(op(p, "linear")["operands"][1], "type", "i4"), "has type i4, the tensor has u4"),
    "operand size": (lambda p: put(kernel(p, "head")["ops"][-1]["operands"][1]["index_dims"], 0, 2),
                     "has 256 indices in dim 0, dim 'k' of the op gives it 64 / 1"),
    "block cut": (lambda p: put(op(p, "linear")["operands"][1]["index_divisors"], 1, 3),
                  "shares one index among 3 of 'k', which shards of 32 cut apart"),
    "twins": (lambda p: put(p["kernels"][-1], "structure", p["kernels"][0]["structure"]), "has the structure of 'model.embed_tokens', but not its ops, weights and states"),
    "weight twice": (lambda p: double(kernel(p, "head")["weights"]), "is there twice"),
    "state bytes": (lambda p: add(kernel(p, "attention")["states"][0], "bytes", 1), "B, its elements take"),
    "state twice": (lambda p: double(kernel(p, "attention")["states"]), "state 'past_key_values.0.key': is there twice"),
    "state held": (lambda p: put(kernel(p, "attention")["states"][0]["cuts"][1], "points", 1), "indices, cores hold * of them"),
    "context dim": (lambda p: put(kernel(p, "attention")["states"][0], "context_dim", 1),
                    "counts tokens by dim 1, its cuts by dim 2"),
    "context": (lambda p: add(p["step"], "context", 1),
                " tokens and a window of 0, after the step there are 513"),
    "window": (lambda p: put(kernel(p, "attention")["states"][0], "window", 3),
               "has room for * tokens and a window of 3, after the step there are 512"),
    "max context": (lambda p: put(p, "max_context", 1), "max_context: is 1 tokens in a feasible plan for 511"),
    "longest": (lambda p: put(p, "max_context", 600), "is 600 tokens, for which there is no room; the model has positions for 511"),
    "longer": (lambda p: [put(p, "max_context", 300), put(p["step"], "context", 200)],
               "is 300 tokens, for which there would be more room; the model"),
    "no growth": (lambda p: [put(s, "window", 7) for k in p["kernels"] for s in k["states"]] + [put(p, "max_context", 3)],
                  "is 3, but no state grows from the 511 tokens of the step"),
    "live": (lambda p: add(region(p, "head"), "least_bytes_per_core", 16), "says that * B are live at once, its buffers say"),
    "weight bits": (lambda p: put(weight(p, "weight_Q4"), "bits", 8), "has 8 bits of type u4"),
    "weight rank": (lambda p: weight(p, "weight_Q4")["cuts"].pop(), "has 2 dims and 1 cuts"),
    "weight cut": (lambda p: put(weight(p, "weight_Q4")["cuts"][0], "axis", "none"), "; the op that uses it has"),
    "weight axis": (lambda p: put(weight(p, "weight_Q4")["cuts"][0], "axis", weight(p, "weight_Q4")["cuts"][1]["axis"]),
                    "; the op that uses it has"),
    "copies": (lambda p: add(weight(p, "weight_Q4"), "copies", 1), "copies; of * cores * hold each of its elements"),
    "pitch": (lambda p: put(weight(p, "weight_Q4"), "row_pitch_bits", 8), "has rows of 256 bits every 8 bits"),
    "stored": (lambda p: add(weight(p, "weight_Q4")["pieces"][0], "stored_bits", 8), "needs * bits, its pieces store"),
    "weight bytes": (lambda p: add(weight(p, "weight_Q4"), "bytes", 1), "B, its pieces store"),
    "piece ranks": (lambda p: piece(p)["strides"].pop(), "sizes and"),
    "piece file": (lambda p: put(piece(p), "file", "../secret"),
                   "reads '../secret', which is not in the folder of the model"),
    "tied": (lambda p: put(weight(p, "cos_cache")["pieces"][0], "offset", 1),
             "differs from the weight of the same name in another kernel"),
    "described": (lambda p: add(weight(p, "cos_cache")["pieces"][0], "length", 4), "cos_cache"),
    "ways": (lambda p: add(weight(p, "qweight.gate", "experts")["pieces"][0], "offset", 4),
             "is described in two ways by the pieces that take from it"),
    "coverage": (lambda p: add(weight(p, "qweight.gate", "experts")["pieces"][0], "first", 1),
                 "elements, which the pieces of weights do not take equally often"),
    "accounting": (lambda p: add(p["accounting"], "shard_bytes", 1), "B, the plan adds up to"),
    "folded": (lambda p: p["accounting"]["folded"].append({"name": "cos_cache", "bytes": 8}),
               "folded initializer 'cos_cache': is accounted for twice"),
    "padding": (lambda p: [put(b, "bytes", 0) for k in p["kernels"] for b in k["core_classes"][0]["memory"]],
                "is negative: buffers lack"),
    "kernel bytes": (lambda p: add(kernel(p, "head"), "bytes_per_core", 16), "B on its fullest core, its classes say"),
    "buffer twice": (lambda p: double(buffers(p, "head")), "is there twice"),
    "buffer gone": (lambda p: buffers(p, "head").pop(0), "has no buffer for '*', which needs * B"),
    "buffer for none": (lambda p: put(buffer(p, "state"), "name", "other"), "is for no state of the kernel"),
    "class bytes": (lambda p: add(kernel(p, "head")["core_classes"][0], "bytes_per_core", 16),
                    "B on a core, its last buffer ends at"),
    "over budget": (lambda p: put(buffers(p, "head")[0], "offset", 262144), "takes * B of cores at (*), the budget is 256000 B:"),
    "too many": (lambda p: put(buffers(p, "head")[0], "offset", 262144), "B too many"),
    "aligned": (lambda p: add(buffers(p, "head")[0], "offset", 8), "has offset * and * B, both must be multiples of 16"),
    "slots": (lambda p: put(buffer(p, "input"), "slots", 3), "B for 3 slots"),
    "slot count": (lambda p: put(buffer(p, "input"), "slots", 1),
                   "of role input has 1 slots: streams have two, everything else one"),
    "buffer ops": (lambda p: put(buffer(p, "scratch"), "last_op", 99), "is needed by ops 0 to 99 of"),
    "stays": (lambda p: put(buffer(p, "weights"), "last_op", 0), "of role weights stays, but is needed by ops 0 to 0 only"),
    "port": (lambda p: put(buffer(p, "input"), "name", "input 9"), "is for no input of the kernel"),
    "buffer role": (lambda p: put(buffer(p, "state"), "role", "scratch"), "has role scratch, its use is state"),
    "buffer small": (lambda p: add(buffer(p, "state"), "bytes", -16), "B, the largest part of a core needs"),
    "buffer life": (lambda p: put(next(b for b in buffers(p, "attention") if b["name"] == "local 0"), "last_op", 0),
                    "is there for ops 0 to 0, ops 0 to * need it"),
    "shared": (lambda p: put(buffers(p, "attention")[0], "offset", buffers(p, "attention")[1]["offset"]),
               "buffers '*' of class 'all' and '*' are needed at one time and share bytes * of cores at ("),
    "stream kernel": (lambda p: put(stream(p), "from", "nobody"), "names kernel 'nobody', which is not there"),
    "stream ends": (lambda p: p["streams"][0].update({"to": "", "from": ""}), "has no kernel at either end"),
    "stream bytes": (lambda p: add(stream(p), "bytes", 1), "64 elements of type f32 take 256 B"),
    "host way": (lambda p: put(p["streams"][0], "hops", 1), "cycles; streams of the host have no way"),
    "back": (lambda p: stream(p).update({"from": kernel(p, "head")["name"]}), "goes back in the order of the kernels"),
    "crossing": (lambda p: put(stream(p), "crossing", True), "leads from wafer 0 to 0, but is a crossing"),
    "crossing time": (lambda p: put(stream(p)["cycles"], "crossing", 5), "is not a crossing and has 5 cycles for it"),
    "hops": (lambda p: add(stream(p), "hops", 1), "hops, its regions are"),
    "in place": (lambda p: put(stream(p), "in_place", False), "is not in place and joins kernels of one region"),
    "apart": (lambda p: [put(kernel(p, "head"), "region", "more"), p["regions"].append({**p["regions"][-1], "name": "more"})],
              "is in place and joins two regions"),
    "in place time": (lambda p: stream(p)["cycles"].update({"compute": 1, "total": 1}), "is in place and takes 1 cycles"),
    "fed twice": (lambda p: p["streams"].append({**stream(p), "to_port": 0, "name": "other"}),
                  "feeds input 0, which 'model.embed_tokens:0' feeds already"),
    "edge differs": (lambda p: put(stream(p, "router"), "shape", [64]),
                     "differs in name, type or shape from another edge of the same output"),
    "stream name": (lambda p: put(stream(p), "name", "mine"), "should have the name 'model.embed_tokens:0'"),
    "port gap": (lambda p: put(stream(p), "to_port", 3), "has streams at 1 of 4 inputs"),
    "sum": (lambda p: add(kernel(p, "head")["cycles"], "compute", 1), "cycles in all, its parts add up to"),
    "ideal": (lambda p: put(kernel(p, "head")["cycles"], "software", 1), "cycles of software, but the mode is ideal"),
    "kernel crossing": (lambda p: put(kernel(p, "head")["cycles"], "crossing", 1),
                        "has cycles of crossings, which streams have"),
    "wait for nobody": (lambda p: stream(p)["cycles"].update({"contention": 1, "total": 1}), "waits for 1 cycles, by the links that others have at the same time 0"),
    "wait for half": (lambda p: put(kernel(p, "experts")["cycles"], "contention", 0.5),
                      "waits for 0.5 cycles, by the links that others have at the same time"),
    "worst": (lambda p: put(kernel(p, "experts"), "worst_case_cycles", 1), "cycles in the worst case, less than its"),
    "worst without": (lambda p: add(kernel(p, "head"), "worst_case_cycles", 1), "takes * cycles in the worst case and * else, but routing does not touch it"),
    "bound above": (lambda p: kernel(p, "head")["bound"].update({"compute": 1e9, "cycles": 1e9, "binding": "compute"}),
                    "cycles, less than the bound of"),
    "unknown": (lambda p: put(kernel(p, "head"), "unknown_bytes", 1e9), "unknown bytes of"),
    "binding": (lambda p: put(kernel(p, "attention")["bound"], "binding", "distance"),
                "says that 'distance' binds, which is not the largest of its reasons"),
    "bound sum": (lambda p: add(kernel(p, "head")["bound"], "cycles", 1), "cycles, its largest reason"),
    "no path": (lambda p: p["estimate"]["critical_path"].reverse(), "is no path of kernels joined by streams"),
    "path": (lambda p: p["estimate"]["critical_path"].pop(), "cycles of compute, the critical path has"),
    "latency": (lambda p: add(p["estimate"]["latency"], "total", 1), "cycles, the longest path takes"),
    "worst latency": (lambda p: add(p["estimate"], "worst_case_latency", 1), "cycles, the longest path of worst cases"),
    "stages": (lambda p: p["estimate"]["stage_cycles"].append(1), "has 2 numbers for 1 wafers"),
    "stage": (lambda p: add(p["estimate"]["stage_cycles"], 0, 1), "stage_cycles, wafer 0: is *, the longest path on it takes"),
    "first rate": (lambda p: p["estimate"]["rates"].pop(0), "begin at 0.75 GHz, the clock is 0.85 GHz"),
    "user": (lambda p: add(p["estimate"]["rates"][0], "tokens_per_second_user", 1),
             "tokens/s for a user, the latency gives"),
    "system": (lambda p: add(p["estimate"]["rates"][0], "tokens_per_second_system", 1),
               "tokens/s of the system, the slowest wafer gives"),
    "moved": (lambda p: add(p["estimate"], "moved_bytes", 1), "moved_bytes: is *, the kernels add up to"),
    "step bound": (lambda p: add(p["estimate"]["bound"], "cycles", 1), "bound: is * cycles, its largest reason and its * cycles of crossings give"),
    "step bound part": (lambda p: add(p["estimate"]["bound"], "sram", 1),
                        "cycles of sram, the path of the kernels' bounds has"),
    "step bound high": (lambda p: put(p["estimate"]["bound"], "cycles", 1e9), "cycles, more than the latency of"),
    "model bound low": (lambda p: put(p["estimate"]["model_bound"], "cycles", 0), "cycles, not from the * of its path and its crossings to the bound of"),
    "model bound high": (lambda p: add(p["estimate"]["model_bound"], "cycles", 1e9), "cycles, not from the * of its path and its crossings to the bound of"),
    "model bound wafers": (lambda p: add(p["estimate"]["model_bound"], "wafers", 1), "model_bound: is on 2 wafers, the * B of its path fill 1"),
    "gap": (lambda p: add(p["estimate"], "gap", 1), "gap: is *, latency / bound is"),
    "no digest": (lambda p: p["digests"].pop(), "digests: have none of 'target'"),
    "digest": (lambda p: put(p["digests"][0], "sha256", "ab" * 32), f"is {'ab' * 32}, the file has"),
    "model name": (lambda p: put(p, "model", "other.onnx"), "is 'other.onnx', the file is 'model.onnx'"),
    "not placed": (lambda p: put(p["kernels"], slice(0, 1), []), "B is in no kernel, at no host value and not folded"),
    "no initializer": (lambda p: put(piece(p), "initializer", "more"), "names no initializer of the model"),
    "place of bytes": (lambda p: add(piece(p), "offset", 1), "of 'model.onnx.data', raw, 8 bits; the model has * B at * of 'model.onnx.data'"),
    "beyond": (lambda p: put(piece(p), "first", 9999), "takes element"),
    "model folded": (lambda p: put(p["accounting"], "folded", [{"name": "cos_cache", "bytes": 7}]),
                     "folded initializer 'cos_cache': says 7 B, the model has"),
    "sources": (lambda p: p["streams"].append({**p["streams"][0], "name": "attention_mask"}),
                "stream 'attention_mask' at input 0 of the model: shares the place with others"),
    "folded no": (lambda p: p["accounting"]["folded"].append({"name": "more", "bytes": 8}),
                  "is no initializer of the model"),
    "state name": (lambda p: put(kernel(p, "attention")["states"][0], "name", "more"), "is no input of the model"),
    "input name": (lambda p: put(p["streams"][0], "name", "more"),
                   "stream 'more' at input 0 of the model: is no input of it in that order"),
    "input state": (lambda p: put(p["streams"][0], "name", "past_key_values.0.key"), "has the name of a state"),
    "outputs": (lambda p: [kernel(p, "attention")["states"].append(
                    {**kernel(p, "attention")["states"][0], "name": f"more {i}"}) for i in range(2)],
                "streams to the host: are 1, with 6 states; the model has 5 outputs"),
    "node": (lambda p: p["streams"].remove(stream(p, "router")),
             "of kernel 'model.layers.0.moe.router' needs what kernel 'model.layers.0.attn' makes, but no stream leads there"),
    "node of output": (lambda p: put(p["streams"][-1], "from", "model.embed_tokens"),
                       "is made from what kernel 'lm_head' makes, but no stream leads there"),
    "target": (lambda p: put(p["system"], "height", 9), "height: is 9, the target has 8"),
    "target figure": (lambda p: add(p["system"]["figures"][2], "value", 1), "figure 'colours': is 22 1 ("),
    "target less": (lambda p: p["system"]["figures"].pop(), "of the target is missing"),
    "target more": (lambda p: p["system"]["figures"].append({**p["system"]["figures"][0], "name": "more"}),
                    "figure 'more': is none of the target"),
    "figure twice": (lambda p: double(p["system"]["figures"]), "figure 'banks': is there twice"),
    "clocks": (lambda p: p["estimate"]["rates"].pop(), "are not at the clock and the report clocks of the target"),
}


@pytest.fixture(scope="module")
def found():
    """Violations by case, of one run."""
    return checking.violations(checking.subject(NAME), CASES)


@pytest.mark.parametrize("case", CASES)
def test_violations_are_told(found, case):
    assert any(matches(CASES[case][1], violation) for violation in found[case]), "\n".join(found[case])


def test_every_violation_of_a_plan_is_told():
    subject = checking.subject(NAME)
    plan = copy.deepcopy(subject.plan)
    cases = ["budget", "aligned", "hops", "kind", "copies", "gap"]
    for case in cases:
        CASES[case][0](plan)
    said = "\n".join(subject.check([subject.text(plan)])[0])
    assert all(matches(CASES[case][1], said) for case in cases), said


@pytest.mark.parametrize("path", placing.EXAMPLES, ids=lambda path: path.parent.name)
def test_plans_of_examples_are_legal(path, tmp_path):
    for options in ([], ["--context", "32"]):
        compiled = subprocess.run([placing.BIN / "inlayc", path, "--target", "grid8x8", *options, "-o", tmp_path],
                                  capture_output=True, text=True)
        if compiled.returncode == 0:
            break
    assert compiled.returncode == 0, compiled.stderr
    placing.run("inlay-check", tmp_path / "plan.json", "--model", path, "--target", placing.ROOT / "targets/grid8x8.json")


# Steps that differ from the default: a window that is not full, a chunk of prompt, costs with software, stations of a pipeline, crossings.
STEPS = {
    "first token": ["--context", "0"],
    "window": ["--context", "15"],
    "prefill": ["--phase", "prefill", "--prefill-chunk", "16", "--context", "32"],
    "calibrated": ["--cost", "calibrated"],
    "batch": ["--batch", "8", "--context", "32"],
    "in flight": ["--sequences-in-flight", "4", "--context", "31"],
    "wafers": ["--wafers", "2", "--context", "40"],
    "less room": ["--allow-over-budget", "--reserve", "44000"],
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", ["gpt-oss-tiny-int4", "gpt-oss-tiny-optimum", "mixtral-tiny-hf", "gemma3-tiny-hf"])
def test_plans_of_all_kinds_of_steps_are_legal(name, step):
    subject = checking.subject(name, "wse3", *STEPS[step])
    assert subject.check([subject.text(subject.plan)]) == [[]]


def test_a_ring_that_is_not_full_keeps_its_window():
    plan = checking.subject(NAME, "wse3", *STEPS["window"]).plan
    kept = {(state["shape"][state["context_dim"]], state["window"]) for kernel in plan["kernels"] for state in kernel["states"]}
    assert kept == {(32, 32), (16, 0)}  # the one layer sees 32 tokens, the other all


def test_sequences_of_other_steps_lie_where_those_of_this_one_do():
    subject = checking.subject("granitemoe-tiny-mobius", "grid8x8", "--batch", "3")
    plan = copy.deepcopy(subject.plan)
    state = kernel(plan, "attention")["states"][0]
    state["shape"][0] *= 2
    assert "has 6 sequences cut together, of which op 'scores' works on 3 in a step: other cores would have the others'" in "\n".join(subject.check([subject.text(plan)])[0])
    flight = checking.subject("granitemoe-tiny-mobius", "grid8x8", "--batch", "3", "--wafers", "2", "--sequences-in-flight", "6")
    assert flight.check([flight.text(flight.plan)]) == [[]]
    states = [state for kernel in flight.plan["kernels"] for state in kernel["states"]]
    assert {(state["shape"][0], state["cuts"][0]["axis"]) for state in states} == {(6, "none")}


@pytest.mark.parametrize("flight", ["6", "9"])
def test_what_all_heads_share_is_not_held_for_each_while_others_are_in_flight(flight):
    """Keys and values of one head for several of queries: cut by its elements alone they lie on no more cores than they must."""
    subject = checking.subject("deepseek-v3-tiny-hf", "grid8x8", "--batch", "3", "--sequences-in-flight", flight)
    assert subject.check([subject.text(subject.plan)]) == [[]]
    states = [state for kernel in subject.plan["kernels"] for state in kernel["states"]]
    assert {state["shape"][0] for state in states} == {int(flight)} and subject.plan["max_context"] >= 8192


@pytest.mark.parametrize("path", sorted((placing.ROOT / "test/Inputs/plans").glob("*/*.json")), ids=lambda path: path.stem)
def test_frozen_plans_are_legal(path):
    said = subprocess.run([placing.BIN / "inlay-check", path], capture_output=True, text=True)
    assert said.stdout == f"{path}: legal\n" and said.returncode == 0
    version = json.loads(path.read_text())["version"]
    assert path.parent.name == f"{version['major']}.{version['minor']}"


# Heads that straddle cores, and one expert for each token: sums and groups that need routes of their own.
@pytest.mark.parametrize("name", ["llama-3.1-8b", "mixtral-8x7b", "llama-4-maverick"])
def test_a_config_stands_for_its_model(name):
    subject = checking.subject(name, "wse3")
    assert subject.check([subject.text(subject.plan)]) == [[]]


def test_queries_and_keys_that_share_the_weight_of_a_norm_have_it_alike():
    """They have different numbers of heads, whose cores divide elements otherwise; and a context that is there fits."""
    subject = checking.subject("llama-4-scout", "wse3", "--objective", "wafers")
    readers = [op["op"] for kernel in subject.plan["kernels"] for op in kernel["ops"]
               if any(use["buffer"] == "unit_norm" for use in op["operands"])]
    assert len(readers) > 2 and subject.plan["max_context"] >= subject.plan["step"]["context"]
    assert subject.check([subject.text(subject.plan)]) == [[]]


def test_the_digest_is_that_of_the_content():
    subject = checking.subject(NAME)
    assert checking.digest.content_sha256(subject.plan) == subject.plan["content_sha256"]
    said = subject.check([subject.text({**subject.plan, "content_sha256": "00" * 32})])[0]
    assert said == [f"[digest] content_sha256: is {'00' * 32}, the content has {subject.plan['content_sha256']}"]


@pytest.mark.parametrize("value, text", [
    (1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-6, "0.000001"), (1e-7, "1e-7"), (1.5e-7, "1.5e-7"),
    (0.1, "0.1"), (-2.5, "-2.5"), (333333333.3333333, "333333333.3333333"), (5e-324, "5e-324"), (2.0, "2"),
    (1.7976931348623157e308, "1.7976931348623157e+308"), (123456.789e3, "123456789"), (4.5e-5, "0.000045"),
    ("a\"\\\n\u0007é", '"a\\"\\\\\\n\\u0007é"'), ([True, None, {}], "[true,null,{}]"),
])
def test_canonical_spelling(value, text):
    assert checking.digest.canonical(value) == text
    # The same spelling by the checker: a plan that differs only there has another digest.
    subject = checking.subject(NAME)
    plan = {**subject.plan, "producer": value}
    assert not any(violation.startswith("[digest]") for violation in subject.check([subject.text(plan)])[0])


@pytest.mark.parametrize("text, words", [
    ("{", "is not JSON: "), ("[]", "must be one JSON object"), ("[" * 1000, "nests more than 100 levels deep"),
    ("{}", "has no member 'accounting'"), ('{"kernels": [{}], "streams": [{}]}', "kernels[0]: has no member"),
])
def test_what_is_no_plan(tmp_path, text, words):
    path = tmp_path / "plan.json"
    path.write_text(text)
    result = subprocess.run([placing.BIN / "inlay-check", path], capture_output=True, text=True)
    assert result.returncode == 1 and words in result.stdout, result.stdout


def test_usage(tmp_path):
    plan = tmp_path / "plan.json"
    plan.write_text("{}")
    (tmp_path / "model.onnx").write_text("no model")
    (tmp_path / "target.json").write_text("[]")
    (tmp_path / "config.json").write_text('{"model_type": "mamba"}')
    for arguments, words in [
        ([tmp_path / "gone.json"], "gone.json: cannot be read: "),
        ([plan, "--model", tmp_path / "model.onnx"], "model.onnx: is no ONNX model"),
        ([plan, "--model", tmp_path / "gone.onnx"], "gone.onnx: cannot be read: "),
        ([plan, "--model", tmp_path / "config.json"], "config.json: inlay-model makes no model of it"),
        ([plan, "--target", tmp_path / "target.json"], "target.json: is no JSON object"),
        ([plan, "--target", tmp_path / "gone.json"], "gone.json: cannot be read: "),
        ([], ""), ([plan, "--unknown"], ""),
    ]:
        result = subprocess.run([placing.BIN / "inlay-check", *arguments], capture_output=True, text=True)
        assert result.returncode == 2 and words in result.stderr, (arguments, result)


def test_a_kernel_that_no_trunk_passes_waits_for_none():
    subject = checking.subject("mixtral-tiny-hf", "wse3", "--wafers", "2")
    plan = copy.deepcopy(subject.plan)
    plan["routes"] = [route for route in plan["routes"] if route["kind"] != "trunk"]
    put(kernel(plan, "head")["cycles"], "contention", 8)
    said = subject.check([subject.text(plan)])[0]
    assert any(matches("waits for 8 cycles, by the links that others have at the same time 0", violation) for violation in said), said


def test_ways_take_what_they_are_long():
    subject = checking.subject("mixtral-tiny-hf", "wse3", "--wafers", "2")
    for change, words in [(lambda s: add(s["cycles"], "crossing", -1), "cycles from wafer to wafer, * B take"),
                          (lambda s: add(s["cycles"], "fabric_latency", -1), "cycles of fabric_latency, what it sends takes")]:
        plan = copy.deepcopy(subject.plan)
        change(next(stream for stream in plan["streams"] if stream["crossing"]))
        said = subject.check([subject.text(plan)])[0]
        assert any(matches(words, violation) for violation in said), said


@pytest.mark.parametrize("name", ["gpt-oss-tiny-optimum", "mixtral-tiny-hf", "deepseek-v3-tiny-hf", "gemma3-tiny-hf"])
def test_the_longest_context_is_neither_longer_nor_shorter(name):
    """The checker grows scores and sums over the context as it grows states, in kernels that keep a window too."""
    subject = checking.subject(name, "wse3", "--context", "100")
    said = subject.plan["max_context"]
    assert said > 100
    found = subject.check([subject.text({**subject.plan, "max_context": context}) for context in (said - 1, said, said + 1)])
    assert found[1] == []
    assert any(matches(f"is {said - 1} tokens, for which there would be more room", violation) for violation in found[0]), found
    assert any(matches(f"is {said + 1} tokens, for which there is no room", violation) for violation in found[2]), found


def test_experts_of_layers_that_are_over_are_forgotten(tmp_path):
    """Four times the layers take about four times as long to check, though a residual passes the experts of all."""
    seconds = {}
    for layers in (2, 8):
        model = tmp_path / f"{layers}.onnx"
        placing.run("inlay-model", placing.ROOT / "examples/configs/qwen3-235b-a22b.json", f"--layers={layers}", "--hidden=64",
                    "--expert-intermediate=64", "--experts=128", "--experts-per-token=2", "--heads=4", "--kv-heads=2",
                    "--head-dim=16", "--vocab=128", "--context=64", "--encoding=unrolled", "-o", model)
        placing.run("inlayc", model, "--target", "wse3", "-o", tmp_path)
        runs = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            placing.run("inlay-check", tmp_path / "plan.json", "--model", model)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            runs.append(after.ru_utime - before.ru_utime)
        seconds[layers] = min(runs)
    assert seconds[8] < 7 * seconds[2] + 0.05, seconds


def test_experts_keep_their_weights():
    """One initializer for each expert: in one weight two of them change places."""
    subject = checking.subject("mixtral-tiny-mobius")
    plan = copy.deepcopy(subject.plan)
    experts = kernel(plan, "experts")
    pieces = experts["weights"][0]["pieces"]
    pieces[0], pieces[1] = pieces[1], pieces[0]
    said = subject.check([subject.text(plan)])[0]
    words = f"takes what piece * of a weight of kernel '{experts['name']}' made to piece * of another"
    assert said and all(matches(words, violation) for violation in said), said


def test_reports_name_plan_and_number(tmp_path):
    plan = tmp_path / "plan.json"
    subject = checking.subject(NAME)
    plan.write_text(json.dumps(subject.plan))
    assert placing.run("inlay-check", plan) == f"{plan}: legal\n"
    plan.write_text(subject.text({**subject.plan, "feasible": False}))
    result = subprocess.run([placing.BIN / "inlay-check", plan], capture_output=True, text=True)
    assert result.returncode == 1
    assert re.fullmatch(rf"{plan}: \[system\] feasible: .*\n{plan}: 1 violation\n", result.stdout)


def test_initializers_that_no_output_needs(tmp_path):
    """An output less, and what led to it is not needed any more."""
    subject = checking.subject(NAME)
    model = onnx.load(subject.model, load_external_data=False)
    norm = next(node for node in model.graph.node if "model.layers.0.post_attention_layernorm.weight" in node.input)
    norm.input[:] = ["cos_cache" if name.endswith("post_attention_layernorm.weight") else name for name in norm.input]
    onnx.save(model, tmp_path / "model.onnx")
    plan = {**subject.plan, "accounting": {**subject.plan["accounting"], "folded": [
        {"name": "model.layers.0.post_attention_layernorm.weight", "bytes": 256}]}}
    (tmp_path / "plan.json").write_text(subject.text(plan))
    result = subprocess.run([placing.BIN / "inlay-check", tmp_path / "plan.json", "--model", tmp_path / "model.onnx"],
                            capture_output=True, text=True)
    assert "': is placed, but no output of the model needs it" in result.stdout
    assert "weight': is needed by no output of the model" in result.stdout

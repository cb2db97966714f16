"""Attention as the model has it: states with room for what queries see, rotations of what is no table."""

import copy
import hashlib
import json
import shutil

import checking
import onnx
import placing
import pytest


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def claimed(plan, other, subject):
    """A plan of the model `other` that says that it is one of the subject's model, and is sealed."""
    plan = copy.deepcopy(plan)
    [entry] = [digest for digest in plan["digests"] if digest["sha256"] == digest_of(other)]
    entry.update(name=subject.model.name, sha256=digest_of(subject.model))
    for field in ("model", "content_sha256"):
        plan[field] = subject.plan[field]
    return subject.text(plan)


class Model(checking.Subject):
    """A subject whose model is none of the examples."""

    def __init__(self, path, target, *options):
        self.model, self.target = path, placing.ROOT / f"targets/{target}.json"
        self.plan = checking.compiled(self.model, self.target, *options)
        self.texts = {}
        self.remember(self.plan)


def cut(path, types):
    """gpt-oss-120b with these layers only."""
    config = json.loads((placing.ROOT / "examples/configs/gpt-oss-120b.json").read_text())
    path.write_text(json.dumps({**config, "num_hidden_layers": len(types), "layer_types": types}))
    return path


SLIDES, FULL = "sliding_attention", "full_attention"


def test_a_state_has_room_for_what_attention_sees(tmp_path):
    """The layer that sees all of 8,193 tokens gets a window of 128, the one that sees 128 gets all."""
    subject = Model(cut(tmp_path / "model.json", [SLIDES, FULL]), "wse3")
    assert [[state["shape"][2] for state in kernel["states"]] for kernel in subject.plan["kernels"] if kernel["states"]] == [[128] * 2, [8193] * 2]
    shorter, longer = cut(tmp_path / "shorter.json", [SLIDES] * 2), cut(tmp_path / "longer.json", [FULL] * 2)
    own, short, long = subject.check([subject.text(subject.plan)] + [claimed(checking.compiled(path, subject.target), path, subject)
                                                                      for path in (shorter, longer)])
    assert own == []
    for state in ("key", "value"):
        assert any(checking.matches(f"state 'past_key_values.1.{state}': has room for 128 tokens, node '/model/layers.1/*' of the model has no "
                                    "window and needs 8193", violation) for violation in short), short
        assert any(checking.matches(f"reads 8193 places of state 'past_key_values.0.{state}', queries of node '/model/layers.0/*' of the model "
                                    "see 128", violation) for violation in long), long
    assert not any("[values]" in violation and "layers.0" in violation for violation in short), short


def attention_of(model, layer):
    return [node for node in model.graph.node if node.op_type == "GroupQueryAttention"][layer]


def set_window(model, layer, window):
    for attribute in attention_of(model, layer).attribute:
        if attribute.name == "local_window_size":
            attribute.i = window


def test_queries_see_all_of_a_state_without_a_window(tmp_path):
    """Both states are whole, but one attention reads 32 places of it."""
    example = placing.example("gpt-oss-tiny-fp32")
    for data in example.parent.glob("*.data"):
        shutil.copy(data, tmp_path)
    other = onnx.load(example, load_external_data=False)
    set_window(other, 1, 32)
    onnx.save(other, tmp_path / "other.onnx")
    subject = checking.subject("gpt-oss-tiny-fp32")
    plan = checking.compiled(tmp_path / "other.onnx", subject.target)
    assert [state["window"] if "window" in state else 0 for kernel in plan["kernels"] for state in kernel["states"]] == [32, 32, 0, 0]
    [found] = subject.check([claimed(plan, tmp_path / "other.onnx", subject)])
    assert any(checking.matches("reads 32 places of state 'past_key_values.1.key', queries of node '*' of the model see", violation)
               for violation in found), found


def test_a_state_has_the_places_that_the_model_fixes(tmp_path):
    """A buffer of 64 places becomes one of 128: the plan of the first lacks half of them."""
    subject = checking.subject("qwen3-moe-tiny-mobius-static")
    assert {state["shape"][1] for kernel in subject.plan["kernels"] for state in kernel["states"]} == {64}
    model = onnx.load(subject.model, load_external_data=False)
    for value in [*model.graph.input, *model.graph.output]:
        for dim in value.type.tensor_type.shape.dim:
            if "cache" in value.name and dim.dim_value == 64:
                dim.dim_value = 128
    onnx.save(model, tmp_path / "model.onnx")
    longer = copy.copy(subject)
    longer.model = tmp_path / "model.onnx"
    own, found = subject.check([subject.text(subject.plan)]), longer.check([claimed(subject.plan, subject.model, longer)])
    assert own == [[]]
    assert any(checking.matches("state 'key_cache.0': has room for 2048 elements, input 'key_cache.0' of the model has 4096 in every step",
                                violation) for violation in found[0]), found


ROTATED = ["gemma3-tiny-hf", "mixtral-tiny-hf", "deepseek-v3-tiny-hf", "granitemoe-tiny-mobius", "qwen2-moe-tiny-hf-fused"]


def rotations(plan):
    for kernel in plan["kernels"]:
        for op in kernel["ops"]:
            if op["op"] == "rotary" and len(op["operands"]) == 4:
                yield op["operands"]


@pytest.mark.parametrize("name", ROTATED)
@pytest.mark.parametrize("table", [1, 2])
def test_what_is_rotated_is_no_table(name, table):
    """Operands change places with their indices."""
    subject = checking.subject(name)
    texts = []
    for number, _ in enumerate(rotations(subject.plan)):
        plan = copy.deepcopy(subject.plan)
        operands = list(rotations(plan))[number]
        operands[0], operands[table] = operands[table], operands[0]
        texts.append(subject.text(plan))
    assert texts
    for violations in subject.check(texts):
        for words in ("has operand 0 '*' where a rotation has what it rotates", f"has operand {table} '*' where a rotation has a table"):
            assert any(checking.matches(words, violation) for violation in violations), violations


@pytest.mark.parametrize("name", ["gemma3-tiny-hf", "mixtral-tiny-hf", "glm4-moe-tiny-hf"])
def test_what_is_rotated_is_not_made_by_cosines(name):
    """Buffers change places, indices stay: only the model says what is a table."""
    subject = checking.subject(name)
    texts = []
    for number, _ in enumerate(rotations(subject.plan)):
        plan = copy.deepcopy(subject.plan)
        operands = list(rotations(plan))[number]
        for field in ("buffer", "role", "type", "bits"):
            operands[0][field], operands[1][field] = operands[1][field], operands[0][field]
        texts.append(subject.text(plan))
    assert texts
    for violations in subject.check(texts):
        assert any(checking.matches("rotates '*', which the model makes as a table of cosines or sines", violation)
                   for violation in violations), violations


def swap_result(operands):
    operands[0], operands[2] = operands[2], operands[0]


def norm_first(operands):
    operands.insert(0, {**operands[0], "index_dims": [2], "index_divisors": [1]})


def norm_by_tables(operands):
    operands[2:2] = copy.deepcopy(operands[:2])


@pytest.mark.parametrize("change, words", [
    (swap_result, "has operand 2 '*' where a rotation has what it rotates, by its indices it is none"),
    (norm_first, "has operand 0 '*' where a rotation has what it rotates, by its indices it is none"),
    (norm_by_tables, "has operand 3 '*' where a rotation has a vector of its norm, by its indices it is none")])
def test_rotations_in_place_begin_with_their_tables(change, words):
    subject = checking.subject("gpt-oss-tiny-int4")
    texts = []
    for k, kernel in enumerate(subject.plan["kernels"]):
        for o, op in enumerate(kernel["ops"]):
            if op["op"] == "rotary":
                plan = copy.deepcopy(subject.plan)
                assert len(op["operands"]) == 3
                change(plan["kernels"][k]["ops"][o]["operands"])
                texts.append(subject.text(plan))
    assert texts
    for violations in subject.check(texts):
        assert any(checking.matches(words, violation) for violation in violations), violations

"""Plans to be checked: of real models, changed at will, their digest made right again."""

import copy
import functools
import hashlib
import importlib.util
import json
import pathlib
import re
import subprocess
import tempfile

import placing



def load(name):
    """A program of examples/loader as a module."""
    spec = importlib.util.spec_from_file_location(name, placing.ROOT / f"examples/loader/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


loader = load("loader")
state = load("state")
digest = load("digest")


def compiled(model, target, *options):
    """The plan that inlayc makes of a model."""
    with tempfile.TemporaryDirectory() as folder:
        placing.run("inlayc", model, "--target", target, "-o", folder, *options)
        return json.loads((pathlib.Path(folder) / "plan.json").read_text())


def finished(placed, model):
    """The plan of a module of the wafer level whose regions are placed, so that it stays as it is when the mapper changes."""
    passes = ["--route-streams", "--allocate-memory", "--schedule-step", "--verify-wafer", "--mlir-print-debuginfo"]
    module = placing.run("inlay-opt", *passes, placing.ROOT / f"test/Inputs/placed/{placed}.mlir")
    plan = json.loads(placing.run("inlay-translate", "--mlir-to-plan", text=module))
    plan["digests"].insert(0, {"name": model.name, "sha256": hashlib.sha256(model.read_bytes()).hexdigest()})
    plan["content_sha256"] = hashlib.sha256(
        digest.canonical({name: value for name, value in plan.items() if name != "content_sha256"}).encode()).hexdigest()
    return plan


class Subject:
    """A model with a plan of it: what inlayc makes with some options, or one whose regions are placed."""

    def __init__(self, name, target, *options, placed=None):
        self.name = name
        config = placing.ROOT / f"examples/configs/{name}.json"
        self.model = config if config.exists() else placing.example(name)
        self.target = placing.ROOT / f"targets/{target}.json"
        self.plan = finished(placed, self.model) if placed else compiled(self.model, self.target, *options)
        self.texts = {}
        self.remember(self.plan)

    def remember(self, value):
        """Canonical text of every part of the plan by its identity: a changed plan shares most parts."""
        if isinstance(value, dict):
            members = {name: self.remember(inner) for name, inner in value.items()}
            text = "{" + ",".join(f"{json.dumps(name)}:{members[name]}" for name in sorted(members)) + "}"
        elif isinstance(value, list):
            text = "[" + ",".join(map(self.remember, value)) + "]"
        else:
            return digest.canonical(value)
        self.texts[id(value)] = text
        return text

    def canonical(self, value):
        if id(value) in self.texts:
            return self.texts[id(value)]
        if isinstance(value, dict):
            return "{" + ",".join(f"{json.dumps(name)}:{self.canonical(value[name])}" for name in sorted(value)) + "}"
        if isinstance(value, list):
            return "[" + ",".join(map(self.canonical, value)) + "]"
        return digest.canonical(value)

    def text(self, plan):
        """The plan on one line, with the digest that belongs to it where nobody has changed that."""
        content = self.canonical({name: value for name, value in plan.items() if name != "content_sha256"})
        if "content_sha256" not in plan:
            return content
        said = plan["content_sha256"]
        if said == self.plan["content_sha256"]:
            said = hashlib.sha256(content.encode()).hexdigest()
        return f'{{"content_sha256":{digest.canonical(said)},{content[1:]}'

    def check(self, texts):
        """What inlay-check says of each text: a list of violations."""
        result = subprocess.run([placing.BIN / "inlay-check", "--lines", "--quiet", "-", "--model", self.model,
                                 "--target", self.target], input="\n".join(texts), capture_output=True, text=True)
        assert result.returncode in (0, 1) and "error:" not in result.stderr, (result.returncode, result.stderr)
        found = [[] for _ in texts]
        for line in result.stdout.splitlines():
            number, _, violation = line.partition(": ")
            found[int(number) - 1].append(violation)
        assert (result.returncode == 1) == any(found)
        return found


@functools.cache
def subject(name, target="grid8x8", *options, placed=None):
    return Subject(name, target, *options, placed=placed)


def violations(subject, cases):
    """What inlay-check says of each case, (a change of the plan, words about it), in one run."""
    texts = []
    for change, _ in cases.values():
        plan = copy.deepcopy(subject.plan)
        change(plan)
        texts.append(subject.text(plan))
    return dict(zip(cases, subject.check(texts)))


def changed(plan, path, change):
    """A copy of the plan in which only what lies on the path is new; `change` gets the owner and the last key."""
    root = owner = dict(plan)
    for key in path[:-1]:
        inner = owner[key]
        owner[key] = dict(inner) if isinstance(inner, dict) else list(inner)
        owner = owner[key]
    change(owner, path[-1])
    return root


def matches(words, text):
    """The words in the text; a * stands for anything."""
    return re.search(".*".join(map(re.escape, words.split("*"))), text, re.S)

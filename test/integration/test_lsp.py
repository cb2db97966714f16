"""inlay-lsp-server as an editor talks to it: JSON-RPC over stdin and stdout."""

import json
import re
import subprocess

import pytest

from conftest import MODELS, run

URI = "file:///vendor/model.mlir"


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.requests = 0

    def send(self, method, params, **more):
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            name, value = line.split(b":", 1)
            if name == b"Content-Length":
                length = int(value)
        assert length, "the server has closed its output"
        return json.loads(self.process.stdout.read(length))

    def request(self, method, params):
        self.requests += 1
        self.send(method, params, id=self.requests)
        reply = self.receive()
        assert reply["id"] == self.requests and "error" not in reply, reply
        return reply["result"]

    def diagnostics(self):
        message = self.receive()
        assert message["method"] == "textDocument/publishDiagnostics"
        assert message["params"]["uri"] == URI
        return message["params"]["diagnostics"]

    def open(self, text):
        document = {"uri": URI, "languageId": "mlir", "version": 1, "text": text}
        self.send("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics()

    def change(self, text):
        self.send("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": text}]})
        return self.diagnostics()


@pytest.fixture
def server(prefix):
    server = Server(prefix / "bin/inlay-lsp-server")
    capabilities = server.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})["capabilities"]
    assert capabilities["hoverProvider"] and capabilities["definitionProvider"]
    server.send("initialized", {})
    yield server
    server.request("shutdown", None)
    server.send("exit", None)
    assert server.process.wait(timeout=30) == 0


@pytest.fixture(scope="module")
def placed(prefix):
    module = run(prefix / "bin/inlay-translate", "--import-onnx", MODELS / "tiny_genai_moe.onnx").stdout
    return run(prefix / "bin/inlay-opt", "--onnx-to-wafer=target=grid8x8", input=module).stdout


def line_of(text, what):
    return next(number for number, line in enumerate(text.splitlines()) if what in line)


def test_knows_every_level(server, prefix, placed):
    imported = run(prefix / "bin/inlay-translate", "--import-onnx", MODELS / "tiny_genai_moe.onnx").stdout
    assert server.open(imported) == []
    # Kernels of typed operations, streams and places are all in the last level.
    assert all(f"inlay_{level}." in placed for level in ["nn", "dataflow", "wafer"])
    assert server.change(placed) == []


def test_reports_what_the_verifiers_find_where_it_is(server, placed):
    line = line_of(placed, "inlay_wafer.region @r0 at(0, 0)")
    broken = placed.replace("inlay_wafer.region @r0 at(0, 0)", "inlay_wafer.region @r0 at(100, 0)")
    [finding] = server.open(broken)
    assert finding["severity"] == 1 and "'inlay_wafer.region' op" in finding["message"]
    assert finding["range"]["start"]["line"] == line
    assert server.change(placed) == []


def test_finds_definitions(server, placed):
    lines = placed.splitlines()
    use = line_of(placed, "inlay_dataflow.sink \"logits\"")
    stream = re.search(r"%[\w]+", lines[use])
    assert server.open(placed) == []
    position = {"line": use, "character": stream.start() + 1}
    [place] = server.request("textDocument/definition", {"textDocument": {"uri": URI}, "position": position})
    definition = lines[place["range"]["start"]["line"]]
    assert definition.strip().startswith(stream.group()) and "inlay_dataflow.kernel @head" in definition

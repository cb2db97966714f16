"""What a vendor has: an installed tree, nothing of the source or build tree, and projects of their own.

The tree is installed into a temporary prefix and then moved, so that whatever remembers where it was built or installed breaks.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("INLAY_BUILD_DIR", ROOT / "build"))
MODELS = ROOT / "test/Inputs"
LLVM = pathlib.Path("/usr/lib/llvm-22")


def run(*command, status=0, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **options)
    assert result.returncode == status, f"{command}\n{result.stdout[-2000:]}\n{result.stderr[:2000]}"
    return result


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    run("cmake", "--install", BUILD, "--prefix", folder / "first")
    (folder / "first").rename(folder / "moved")
    return folder / "moved"


@pytest.fixture(scope="session")
def build(prefix, tmp_path_factory):
    """Builds the project in a folder of test/integration outside of the source tree; returns its build folder."""

    def build_project(name):
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(ROOT / "test/integration" / name, folder / "source")
        run("cmake", "-G", "Ninja", "-S", folder / "source", "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}",
            "-DCMAKE_C_COMPILER=clang-22", "-DCMAKE_CXX_COMPILER=clang++-22", "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld")
        run("cmake", "--build", folder / "build")
        return folder / "build"

    return build_project

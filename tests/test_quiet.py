"""The terminal stays free of what C++ libraries write; exceptions pass."""

import os
import subprocess
import sys

import pytest

from kgan.quiet import quiet


def test_what_is_written_to_the_descriptors_is_swallowed_and_comes_back_after(capfd):
    with quiet():
        os.write(2, b"chatter")
        print("more")
    os.write(2, b"heard")
    out, errors = capfd.readouterr()
    assert (out, errors) == ("", "heard")


def test_an_exception_passes_with_what_the_library_had_written():
    with pytest.raises(KeyError) as caught, quiet():
        os.write(2, b"the reason\n")
        raise KeyError("x")
    assert "the reason" in caught.value.__notes__[0]


def test_tensorflow_starts_without_a_word_and_with_the_threads_asked_for():
    program = ("from kgan.quiet import load_tensorflow, start_tensorflow\n"
               "load_tensorflow(); start_tensorflow(1)\n"
               "import tensorflow as tf\n"
               "start_tensorflow(2)\n"  # too late: nothing happens, and nothing fails
               "tf.zeros(3)\n"
               "print(tf.config.threading.get_intra_op_parallelism_threads())")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "1", "")

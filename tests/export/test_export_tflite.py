"""TFLite files: what they hold, that they agree with Keras, and that wrong input is refused."""

import gc
import os
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kgan.errors import InputError
from kgan.export import tflite
from kgan.export.fold import fold
from kgan.export.inputs import Inputs, batches
from kgan.export.parity import TOLERANCES, checked_parity, parity, tolerance
from kgan.export.runtime import FEWEST_RUNS, Runner, latency
from kgan.export.saved_model import run_saved_model, write_saved_model
from kgan.export.tflite import convert, convert_saved_model, operators, require_builtin
from kgan.quiet import quiet


def conditional_generator():
    """Dense stem, label input, plain and depthwise convolutions, upsampling; the label decides the sign."""
    keras.utils.set_random_seed(5)
    latents = keras.Input((6,), name="zlatents")  # named so that alphabetical order is not the graph's order
    labels = keras.Input((), dtype="int32", name="labels")
    x = layers.Dense(4 * 4 * 8)(layers.Concatenate()([latents, layers.Embedding(3, 4)(labels)]))
    x = layers.BatchNormalization()(x)
    x = layers.Reshape((4, 4, 8))(layers.LeakyReLU(0.2)(x))
    x = layers.UpSampling2D()(x)
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same")(x))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(x)))
    x = layers.Conv2D(1, 3, padding="same")(x)
    sign = layers.Embedding(3, 1, name="sign")(labels)
    x = layers.Activation("tanh")(x * 3.0 + layers.Reshape((1, 1, 1))(sign))
    model = keras.Model([latents, labels], x)
    model.get_layer("sign").set_weights([np.array([[-1.5], [0.0], [1.5]])])
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            for variable in layer.weights:
                variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


def draw(count, seed):
    rng = np.random.default_rng(seed)
    return {
        "labels": rng.integers(0, 3, count).astype("int32"),
        "zlatents": rng.standard_normal((count, 6), dtype=np.float32),
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    model = conditional_generator()
    folder = tmp_path_factory.mktemp("written") / "model"
    write_saved_model(fold(model), folder)
    inputs = draw(70, 1)
    expected = model([inputs["zlatents"], inputs["labels"]], training=False).numpy()
    assert expected.std() > 0.3
    return folder, inputs, expected


def test_saved_model_takes_inputs_by_name_and_any_batch(written):
    folder, inputs, expected = written
    np.testing.assert_allclose(run_saved_model(folder, inputs)["output_0"], expected, atol=1e-5)
    three = {name: value[:3] for name, value in inputs.items()}
    assert run_saved_model(folder, three)["output_0"].shape == (3, 8, 8, 1)


@pytest.mark.parametrize(
    ("quantize", "mean_abs"), [("none", 1e-6), ("float16", 1e-3), ("dynamic", 0.02), ("int8", 0.04)]
)
def test_each_quantisation_agrees_with_keras(written, quantize, mean_abs):
    folder, inputs, expected = written
    content = convert_saved_model(folder, quantize, batches(draw(64, 0), 16))
    runner = Runner(content)
    assert {spec["name"]: (spec["shape"], spec["dtype"]) for spec in runner.inputs()} == {
        "zlatents": ([None, 6], "float32"),
        "labels": ([None], "int32"),
    }
    (output,) = runner.outputs()
    assert (output["name"], output["dtype"], output["shape"][0]) == ("output_0", "float32", None)
    images = runner(inputs)["output_0"]
    assert np.abs(images - expected).mean() < mean_abs
    # Two-sided: a quantised file that is exact was not quantised.
    assert quantize == "none" or np.abs(images - expected).max() > 1e-5
    one = {name: value[-1:] for name, value in inputs.items()}
    np.testing.assert_allclose(Runner(content)(one)["output_0"], images[-1:], atol=1e-5)
    names = operators(content)
    assert ("QUANTIZE" in names) == (quantize == "int8")
    if quantize == "int8":
        assert names[-1] == "DEQUANTIZE" and names.count("DEQUANTIZE") == 1


def transposed(filters=8):
    keras.utils.set_random_seed(2)
    latents = keras.Input((5,), name="latents")
    x = layers.Reshape((1, 1, 5))(latents)
    for width, stride, padding in ((filters, 1, "valid"), (filters // 2, 2, "same")):
        x = layers.Conv2DTranspose(width, 4, stride, padding)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    return keras.Model(latents, layers.Conv2DTranspose(1, 4, 2, "same", activation="tanh")(x))


def test_no_arithmetic_of_batch_norm_is_left_and_dynamic_widens_its_weights_once():
    model = fold(transposed(filters=32))
    content = convert(model, "dynamic")
    plain, names = convert(model, "none"), operators(content)
    assert names.count("TRANSPOSE_CONV") == 3 and not {"MUL", "ADD", "SUB"} & set(names)
    # The first two kernels (2,560 and 8,192 weights) are int8 and read through a DEQUANTIZE; the last one,
    # of 256 weights, is too small to be quantised.
    assert names.count("DEQUANTIZE") == 2
    assert len(content) < 0.5 * len(plain)
    assert not {"MUL", "ADD", "SUB"} & set(operators(plain))


def test_equal_networks_give_equal_bytes():
    model = fold(transposed())
    calibration = batches(Inputs(model)(32, 0), 8)
    assert convert(model, "int8", calibration) == convert(model, "int8", calibration)
    assert gc.get_freeze_count() == 0


def test_operators_that_tflite_lacks_are_named():
    latents = keras.Input((3,), name="latents")
    model = keras.Model(latents, keras.ops.erfinv(keras.ops.tanh(latents)))
    with pytest.raises(InputError, match=r"no builtin operator for tf\.Erfinv") as caught:
        convert(model, "none")
    assert "\n" not in str(caught.value)

    inverse = tf.function(tf.linalg.inv, input_signature=[tf.TensorSpec((None, 4, 4))])
    with quiet():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([inverse.get_concrete_function()])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.SELECT_TF_OPS]
        content = converter.convert()
    assert "FlexMatrixInverse" in operators(content)
    with pytest.raises(InputError, match="FlexMatrixInverse"):
        require_builtin(content)


def test_every_converted_file_is_looked_into(written, monkeypatch):
    seen = []
    monkeypatch.setattr(tflite, "require_builtin", seen.append)
    assert [convert_saved_model(written[0], "none")] == seen


def test_wrong_representative_data(written):
    folder, _, _ = written
    with pytest.raises(InputError, match="representative"):
        convert_saved_model(folder, "int8")
    with pytest.raises(InputError, match=r"'zlatents'\]; received one for \['labels', 'latents'\]"):
        convert_saved_model(folder, "int8", [{"latents": np.zeros((1, 6)), "labels": np.zeros(1)}])
    with pytest.raises(InputError, match="finite"):
        convert_saved_model(folder, "int8", [{"zlatents": np.full((1, 6), np.nan), "labels": np.zeros(1)}])
    with pytest.raises(InputError, match="received 'int4'"):
        convert_saved_model(folder, "int4")


def test_runner_and_latency(tmp_path):
    content = convert(fold(transposed()), "none")
    path = tmp_path / "g.tflite"
    path.write_bytes(content)
    latents = {"latents": np.ones((3, 5), "float32")}
    np.testing.assert_array_equal(Runner(path)(latents)["output_0"], Runner(content)(latents)["output_0"])
    in_twos = Runner(path, threads=2)(latents, batch_size=2)["output_0"]
    np.testing.assert_allclose(in_twos, Runner(path)(latents)["output_0"], atol=1e-6)
    measured = latency(path, {"latents": np.ones((1, 5), "float32")}, threads=2, seconds=0.02)
    assert 0 < measured["latency_p50_ms"] <= measured["latency_p95_ms"] < 1000
    assert measured["latency_runs"] >= FEWEST_RUNS
    assert (measured["latency_batch"], measured["threads"]) == (1, 2)
    assert latency(path, latents, seconds=0.0)["latency_runs"] == FEWEST_RUNS
    runner, start = Runner(path), time.perf_counter()
    times = runner.times_ms(latents, seconds=0.05)
    passed_ms = 1000 * (time.perf_counter() - start)
    assert 0.3 * passed_ms < sum(times) < passed_ms  # the rest is the warm-up
    with pytest.raises(InputError, match=r"takes \['latents'\] by name; received \['z'\]"):
        Runner(path)({"z": np.ones((1, 5))})
    with pytest.raises(InputError, match=r"received \[0\]"):
        Runner(path)({"latents": np.ones((0, 5))})
    with pytest.raises(InputError, match=r"no TFLite file at .*none\.tflite"):
        Runner(tmp_path / "none.tflite")
    with pytest.raises(InputError, match="threads must be a positive integer; received 0"):
        Runner(path, threads=0)


def test_what_the_interpreter_or_its_delegate_refuses_is_told_in_one_line(tmp_path):
    """A sum of latents [B, 6] and a constant [3, 6] converts, and runs at B = 3 alone."""
    latents = keras.Input((6,), name="latents")
    rows = layers.Lambda(lambda x: x + np.arange(18.0, dtype="float32").reshape(3, 6), output_shape=(6,))(latents)
    content = convert(keras.Model(latents, rows), "none")
    assert Runner(content)({"latents": np.ones((3, 6))})["output_0"][2, 5] == 18.0
    damaged = tmp_path / "g.tflite"
    damaged.write_bytes(content[:40])
    for act, message in [
        (lambda: Runner(content, name="g.none.tflite")({"latents": np.ones((2, 6))}),
         r"^export: TFLite cannot run g\.none\.tflite \(.+\): replace the layer of that operator in the network"),
        (lambda: latency(content, {"latents": np.ones((2, 6))}), r"TFLite cannot run the TFLite file \("),
        (lambda: Runner(damaged), r"TFLite cannot load '.*g\.tflite' \(.+\): export it again$"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            act()
        assert "\n" not in str(caught.value)


def test_quiet_swallows_c_output_and_lets_exceptions_pass(capfd):
    with quiet():
        os.write(1, b"from C, out\n")
        os.write(2, b"from C, err\n")
        print("from Python")
    with pytest.raises(KeyError) as caught, quiet():
        os.write(2, b"the last words\n")
        raise KeyError("lost")
    assert "the last words" in caught.value.__notes__[0]
    print("heard")
    assert capfd.readouterr() == ("heard\n", "")


def test_parity_by_hand():
    expected = np.array([[0.0, 1.0], [1.0, -1.0]], "float32")  # mean image [0.5, 0], spread 0.75
    measured = parity(expected, expected + np.array([[0.1, 0.0], [-0.5, 0.0]], "float32"))
    assert measured == pytest.approx({"parity_max_abs": 0.5, "parity_mean_abs": 0.15})
    floor, share = TOLERANCES["int8"]
    assert tolerance("int8", expected) == pytest.approx(floor + share * 0.75)
    with pytest.raises(InputError, match="not finite"):
        parity(expected, np.full((2, 2), np.nan))
    with pytest.raises(InputError, match=r"\(2, 1\), the network \(2, 2\)"):
        parity(expected, expected[:, :1])


@pytest.mark.parametrize("kind", list(TOLERANCES))
def test_a_file_that_ignores_its_latents_or_swaps_them_may_not_leave(kind):
    images = np.tanh(np.random.default_rng(0).standard_normal((256, 4, 4, 1)) * 0.5)
    constant = np.broadcast_to(images.mean(axis=0), images.shape)
    for broken in (constant, images[::-1], -images):
        with pytest.raises(InputError, match="off the network"):
            checked_parity(kind, "g.tflite", images, broken)
    assert checked_parity(kind, "g.tflite", images, images + 5e-6)["parity_max_abs"] == pytest.approx(5e-6)

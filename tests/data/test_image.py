import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kgan.data import image
from kgan.errors import InputError


def ramp(*shape):
    return (np.arange(np.prod(shape)) * 37 % 256).astype(np.uint8).reshape(shape)


def in_graph(fn, x):
    return tf.function(fn)(tf.constant(x)).numpy()


def test_to_float_by_hand():
    x = np.array([0, 51, 255], np.uint8)
    expected = [-1.0, -0.6, 1.0]
    np.testing.assert_allclose(image.to_float(x), expected, atol=1e-7)
    np.testing.assert_allclose(in_graph(image.to_float, x), expected, atol=1e-7)
    assert image.to_float(x).dtype == np.float32


def test_to_uint8_by_hand_clips_and_rounds():
    x = np.array([-3.0, -1.0, -0.99, 0.0, 0.5, 0.997, 1.0, 7.0], np.float32)
    expected = [0, 0, 1, 128, 191, 255, 255, 255]  # -0.99 -> 1.275; 0.5 -> 191.25; 0.997 -> 254.62
    np.testing.assert_array_equal(image.to_uint8(x), expected)
    np.testing.assert_array_equal(in_graph(image.to_uint8, x), expected)


def test_scaling_there_and_back_is_exact():
    x = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(image.to_uint8(image.to_float(x)), x)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_to_uint8_refuses_what_is_not_finite(bad):
    with pytest.raises(InputError, match="1 values"):
        image.to_uint8(np.array([0.5, bad], np.float32))


def test_scaling_refuses_wrong_dtypes():
    with pytest.raises(InputError, match="float32"):
        image.to_float(np.zeros((2, 2, 1), np.float32))
    with pytest.raises(InputError, match="uint8"):
        image.to_uint8(np.zeros((2, 2, 1), np.uint8))


def test_resize_up_has_half_pixel_centres():
    row = np.array([0, 100], np.uint8).reshape(1, 2, 1)
    x = np.concatenate([row, row])
    expected = np.tile(np.array([0, 25, 75, 100]).reshape(1, 4, 1), (4, 1, 1))
    np.testing.assert_array_equal(image.resize(x, 4), expected)
    np.testing.assert_array_equal(in_graph(lambda t: image.resize(t, 4), x), expected)


def test_resize_down_widens_the_triangle():
    columns = np.array([0, 70, 140, 210], np.uint8)
    x = np.tile(columns.reshape(1, 1, 4, 1), (2, 4, 1, 1))
    # centre 1.0, taps at distances 0.5, 0.5, 1.5 weigh 0.75, 0.75, 0.25: (0 + 52.5 + 35) / 1.75 = 50
    np.testing.assert_array_equal(image.resize(x, 2)[1, :, :, 0], [[50, 160], [50, 160]])


def test_resize_agrees_with_pillow():
    x = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    for size in (13, 64):
        pillow = np.asarray(Image.fromarray(x).resize((size, size), Image.Resampling.BILINEAR))
        assert np.abs(image.resize(x, size).astype(int) - pillow).max() <= 1


def test_resize_in_chunks_equals_one_by_one():
    x = np.random.default_rng(1).integers(0, 256, (image._RESIZE_CHUNK + 3, 5, 5, 1), np.uint8)
    resized = image.resize(x, 8)
    assert resized.shape == (len(x), 8, 8, 1)
    for i in (0, image._RESIZE_CHUNK - 1, image._RESIZE_CHUNK, len(x) - 1):
        np.testing.assert_array_equal(resized[i], image.resize(x[i], 8))


def test_pad_and_crop_odd_sizes():
    x = ramp(2, 3, 2, 1) + 1
    padded = image.pad_to(x, 6)
    assert padded.shape == (2, 6, 6, 1)
    np.testing.assert_array_equal(padded[:, 1:4, 2:4], x)  # one row above, two below
    assert padded.astype(int).sum() == x.astype(int).sum()
    np.testing.assert_array_equal(in_graph(lambda t: image.pad_to(t, 6), x), padded)
    y = ramp(7, 6, 3)
    np.testing.assert_array_equal(image.centre_crop(y, 4), y[1:5, 1:5])
    np.testing.assert_array_equal(in_graph(lambda t: image.centre_crop(t, 4), y), y[1:5, 1:5])


def test_to_channels_by_hand():
    x = np.array([[[200, 100, 50], [255, 0, 0]]], np.uint8)
    expected = [[[124], [76]]]  # 59.8 + 58.7 + 5.7 = 124.2; 76.245
    np.testing.assert_array_equal(image.to_channels(x, 1), expected)
    np.testing.assert_array_equal(in_graph(lambda t: image.to_channels(t, 1), x), expected)
    np.testing.assert_allclose(image.grey(x), [[124.2, 76.245]], rtol=1e-12)
    grey = ramp(2, 3, 1)
    np.testing.assert_array_equal(image.to_channels(grey, 3), np.concatenate([grey] * 3, -1))
    np.testing.assert_array_equal(
        in_graph(lambda t: image.to_channels(t, 3), grey), np.concatenate([grey] * 3, -1)
    )


def test_decode_png_from_bytes_and_path(tmp_path):
    x = ramp(5, 4, 3)
    buffer = io.BytesIO()
    Image.fromarray(x).save(buffer, "PNG")
    np.testing.assert_array_equal(image.decode(buffer.getvalue()), x)
    Image.fromarray(x[..., 0]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(image.decode(tmp_path / "grey.png"), x[..., :1])
    with pytest.raises(InputError, match="cannot read"):
        image.decode(buffer.getvalue()[:60])
    with pytest.raises(InputError, match="not an image"):
        image.decode(b"hello")
    with pytest.raises(InputError, match="no image file"):
        image.decode(tmp_path / "none.png")


def test_decode_turns_upright_only_when_asked():
    x = ramp(5, 4, 3)
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # orientation: the stored top is the right side of the scene
    Image.fromarray(x).save(buffer, "PNG", exif=exif)
    np.testing.assert_array_equal(image.decode(buffer.getvalue()), np.rot90(x, -1))
    np.testing.assert_array_equal(image.decode(buffer.getvalue(), apply_exif=True), np.rot90(x, -1))
    np.testing.assert_array_equal(image.decode(buffer.getvalue(), apply_exif=False), x)


@pytest.mark.parametrize("size", [0, -1, 2.5, "32", True, 100_000])
def test_impossible_sizes_are_refused(size):
    for fn in (image.resize, image.pad_to, image.centre_crop):
        with pytest.raises(InputError, match="image size"):
            fn(ramp(4, 4, 1), size)


def test_impossible_combinations_are_refused():
    with pytest.raises(InputError, match="4x5"):
        image.pad_to(ramp(4, 5, 1), 4)
    with pytest.raises(InputError, match="4x5"):
        image.centre_crop(ramp(4, 5, 1), 5)
    with pytest.raises(InputError, match="channels=2"):
        image.to_channels(ramp(4, 5, 1), 2)
    with pytest.raises(InputError, match="received shape"):
        image.resize(ramp(4, 5), 2)

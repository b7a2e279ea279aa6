"""What classification and regression do differently, by hand."""

import keras
import numpy as np
import pytest

from kgan.data.image_set import ImageSet
from kgan.data.value_set import ValueSet
from kgan.errors import InputError
from kgan.stages.tasks import predictor, task_of

PIXELS = np.array([0, 51, 102, 255], np.uint8)  # -1, -0.6, -0.2, 1 in [-1, 1]
IMAGES = np.broadcast_to(PIXELS[:, None, None, None], (4, 2, 2, 1)).copy()


def classes(labels=(0, 1, 1, 2)):
    return ImageSet("four", IMAGES, np.array(labels, np.int32), ("a", "b", "c"))


def values(numbers=(10.0, 12.0, 18.0, 30.0)):
    return ValueSet("four", IMAGES, np.array(numbers, np.float32), 10.0, 30.0, "degrees")


def classifier(slopes=(-3.0, 0.0, 2.0)):
    """Logits: the mean pixel times a slope a class."""
    images = keras.Input((2, 2, 1))
    dense = keras.layers.Dense(3, use_bias=False)
    logits = dense(keras.layers.GlobalAveragePooling2D()(images))
    dense.set_weights([np.array([slopes], np.float32)])
    return keras.Model(images, logits)


def regressor():
    """0.5 + 0.75 times the mean pixel: -0.25, 0.05, 0.35, 1.25 on the four images."""
    images = keras.Input((2, 2, 1))
    dense = keras.layers.Dense(1)
    value = dense(keras.layers.GlobalAveragePooling2D()(images))
    dense.set_weights([np.array([[0.75]], np.float32), np.array([0.5], np.float32)])
    return keras.Model(images, {"labels": value, "features": images})


def test_classification_counts_wrong_names_and_gives_cross_entropies():
    task = task_of(classes())
    assert task.name == "classification" and task.unit == "%"
    # named 0, 0, 0, 2
    assert task.error(classifier(), classes()) == 50.0
    errors, predicted = task.disagreement(predictor(classifier(), "logits"), IMAGES, task.stored([0, 1, 2, 2]))
    np.testing.assert_array_equal(predicted, [0, 0, 0, 2])
    logits = (PIXELS / 127.5 - 1.0)[:, None] * [-3.0, 0.0, 2.0]
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[range(4), [0, 1, 2, 2]]
    np.testing.assert_allclose(errors, expected, rtol=1e-5)
    assert task.label_error([0, 1, 2, 2], predicted) == 50.0
    np.testing.assert_array_equal(task.labels(), [0, 1, 2])
    assert task.facts() == {"classes": ["a", "b", "c"], "low": None, "high": None}


def test_regression_measures_in_the_unit_and_clips():
    task = task_of(values())
    assert task.name == "regression" and task.unit == "degrees"
    # predicted 10 (clipped), 11, 17, 30 (clipped)
    assert task.error(regressor(), values()) == pytest.approx((0 + 1 + 1 + 0) / 4, abs=1e-4)
    errors, predicted = task.disagreement(predictor(regressor(), "labels"), IMAGES, np.float32([11, 11, 15, 20]))
    np.testing.assert_allclose(predicted, [10, 11, 17, 30], atol=1e-4)
    np.testing.assert_allclose(errors, [1, 0, 2, 10], atol=1e-4)
    assert task.label_error(np.float32([11, 11, 15, 20]), predicted) == pytest.approx(3.25, abs=1e-4)
    np.testing.assert_allclose(task.labels(5), [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(task.stored(task.labels(5)), [10, 15, 20, 25, 30])
    np.testing.assert_allclose(task_of(values((12.0, 30.0, 12.0, 15.0))).labels(), [0.1, 0.25, 1.0])


def test_a_regressor_of_whole_units_is_truncated():
    task = task_of(values((10.0, 12.0, 18.0, 30.0)), whole_units=True)
    images = keras.Input((2, 2, 1))
    mean = keras.layers.GlobalAveragePooling2D()(images)
    # 0.5 + 0.7 times the mean pixel: -0.2, 0.08, 0.36, 1.2, that is 10 (clipped), 11.6, 17.2, 30 (clipped)
    network = keras.Model(images, keras.layers.Rescaling(0.7, 0.5)(mean))
    assert task.error(network, values()) == pytest.approx((0 + 1 + 1 + 0) / 4)
    assert task_of(values()).error(network, values()) == pytest.approx((0 + 0.4 + 0.8 + 0) / 4, abs=1e-4)
    _, predicted = task.disagreement(predictor(network, "labels"), IMAGES, np.float32([11, 11, 15, 20]))
    np.testing.assert_array_equal(predicted, [10, 11, 17, 30])


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="no classes to tell apart"):
        task_of(ImageSet("bare", IMAGES, None))
    with pytest.raises(InputError, match="drawn in epochs"):
        task_of(classes()).batches(2, 0, "balanced")

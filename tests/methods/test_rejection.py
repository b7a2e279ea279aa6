"""Rejection sampling against exact acceptance probabilities, on one-pixel images with known density ratios."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from picture_files import refused

from kgan.methods.rejection import RejectionSampler, rejection_step


def uniform_generator():
    """One latent -> one pixel, uniform in (-1, 1) whatever the label."""
    inputs = {"latents": keras.Input((1,), name="latents"), "labels": keras.Input((), name="labels", dtype="int32")}
    pixel = keras.ops.erf(inputs["latents"] / np.sqrt(2.0)) + 0.0 * keras.ops.cast(inputs["labels"], "float32")[:, None]
    return keras.Model(inputs, keras.ops.reshape(pixel, (-1, 1, 1, 1)))


def constant_generator(value):
    """Every pixel has this value."""
    inputs = {"latents": keras.Input((1,), name="latents"), "labels": keras.Input((), name="labels", dtype="int32")}
    return keras.Model(inputs, keras.ops.reshape(0.0 * inputs["latents"] + value, (-1, 1, 1, 1)))


def asked_generator():
    """The pixel is the asked label in [0, 1] brought to [-1, 1], with noise of standard deviation 0.06."""
    inputs = {"latents": keras.Input((1,), name="latents"), "labels": keras.Input((), name="labels", dtype="float32")}
    pixel = 2.0 * inputs["labels"][:, None] - 1.0 + 0.06 * inputs["latents"]
    return keras.Model(inputs, keras.ops.reshape(pixel, (-1, 1, 1, 1)))


def pixels_as_features(images, training):
    assert training is False
    pixel = tf.reshape(images, [-1, 1])
    return {"features": pixel, "labels": 0.5 * (pixel + 1.0)}


def ratio(inputs, training):
    """Label 0: 1/4 below the middle, else 1. Label 1: nothing in the lowest quarter, else 2. Label 2: 1 + x/2.

    Of x uniform in (-1, 1) they accept 5/8, 3/4 and (with the greatest ratio 3/2) 2/3.
    """
    assert training is False
    x, labels = inputs["features"], inputs["labels"][:, None]
    steps = tf.where(x < 0.0, 0.25, 1.0), tf.where(x < -0.5, 0.0, 2.0), 1.0 + 0.5 * x
    return tf.where(labels == 0, steps[0], tf.where(labels == 1, steps[1], steps[2]))


RATES = {0: 5 / 8, 1: 3 / 4, 2: 2 / 3}


def sampler(ratios=ratio, generator=None, **options):
    settings = {"batch_size": 500, "burn_in": 1000, "seed": 3, "quantise_first": False} | options
    return RejectionSampler(generator or uniform_generator(), pixels_as_features, ratios, **settings)


def within(count, total, probability, sigmas=4.5):
    return abs(count - total * probability) < sigmas * np.sqrt(total * probability * (1 - probability))


def test_a_batch_raises_the_maximum_before_it_is_judged():
    ratios, slots = np.array([1.0, 4.0, 0.5, 0.0, 3.0]), np.array([0, 0, 1, 2, 1])
    uniforms = np.array([0.26, 0.99, 0.125, 0.0, 0.7])
    accepted, maxima = rejection_step(ratios, uniforms, slots, np.array([2.0, 4.0, 0.0]))
    # label 0: bound 4, not 2: 1/4 < 0.26, and 4/4; label 1: bound 4 stays: 0.125 <= 0.125, 0.75 > 0.7; label 2: none
    np.testing.assert_array_equal(accepted, [False, True, True, False, True])
    np.testing.assert_array_equal(maxima, [4.0, 4.0, 0.0])


def test_acceptances_have_their_exact_probabilities():
    samples = sampler().sample([2, 0, 1], 4000, num_rejected=5)
    assert samples.images.shape == (12000, 1, 1, 1) and samples.images.dtype == np.uint8
    np.testing.assert_array_equal(samples.labels, np.repeat([2, 0, 1], 4000))
    for row, label in enumerate([2, 0, 1]):
        assert samples.accepted[row] >= 4000
        assert within(samples.accepted[row], samples.proposed[row], RATES[label])
    of_label = {label: samples.density_ratios[samples.labels == label] for label in (0, 1, 2)}
    assert within((of_label[0] == 1.0).sum(), 4000, 0.8)  # 1/2 of (1/2 + 1/8)
    assert (of_label[1] == 2.0).all()
    # label 2: density (1 + x/2) / 2 of x, mean 1/6 and variance 1/3 - 1/36; the ratio is 1 + x/2
    spread = np.sqrt(1 / 3 - 1 / 36) / 2
    assert of_label[2].mean() == pytest.approx(1 + 1 / 12, abs=4.5 * spread / np.sqrt(4000))
    assert of_label[2].std() == pytest.approx(spread, rel=0.05)
    pixels = samples.images[samples.labels == 1, 0, 0, 0]
    assert pixels.min() in (63, 64) and abs(pixels.mean() - 127.5 * 1.25) < 3  # uniform from -0.5 to 1
    expected = sum(4000 / rate for rate in RATES.values())
    assert expected * 0.95 < samples.proposed.sum() < expected * 1.08  # little is drawn in vain


def test_rejected_examples():
    samples = sampler().sample([0, 1], [40, 30], num_rejected=7)
    rejected = samples.rejected
    np.testing.assert_array_equal(rejected["labels"], np.repeat([0, 1], 7))
    np.testing.assert_array_equal(rejected["density_ratios"], np.repeat([0.25, 0.0], 7).astype(np.float32))
    assert (rejected["images"][:7] <= 127).all() and (rejected["images"][7:] <= 63).all()
    assert len(samples.rejected["images"]) == 14 and len(samples.images) == 70
    assert sampler().sample([0], 5).rejected["images"].shape == (0, 1, 1, 1)


def test_as_many_of_each_as_asked_in_any_batch_size():
    for batch_size in (3, 64):
        samples = sampler(batch_size=batch_size, burn_in=20).sample([0, 1, 2], [7, 0, 12])
        np.testing.assert_array_equal(samples.labels, [0] * 7 + [2] * 12)
        assert samples.proposed[1] == 0 and samples.labels.dtype == np.int32
    many = sampler(batch_size=2, burn_in=2, ratios=lambda inputs, training: 0.0 * inputs["features"] + 1.0)
    np.testing.assert_array_equal(many.sample(np.arange(9), 1).labels, np.arange(9))  # more labels than a batch holds


def test_a_call_can_be_made_again_alone():
    first = sampler()
    other_call, call = first.sample([0, 2], 30, call=1), first.sample([0, 2], 30, call=2)
    again = sampler().sample([0, 2], 30, call=2)
    np.testing.assert_array_equal(call.density_ratios, again.density_ratios)
    np.testing.assert_array_equal(call.images, again.images)
    assert (call.density_ratios != other_call.density_ratios).any()
    assert (sampler(seed=4).sample([0, 2], 30, call=2).density_ratios != call.density_ratios).any()
    known = first.burn_in([2, 1, 0])
    with_it = [first.sample([0, 2], 30, call=call, burn_in=known) for call in (5, 6, 5)]
    np.testing.assert_array_equal(with_it[0].images, with_it[2].images)  # the record was not changed by a call
    assert (with_it[0].images != with_it[1].images).any()


def test_the_burn_in_takes_as_many_of_each_label():
    record = sampler(batch_size=70, burn_in=300).burn_in([1, 2])
    np.testing.assert_array_equal(record.proposed, [300, 300])
    assert record.maxima[0] == 2.0 and 1.45 < record.maxima[1] < 1.5
    np.testing.assert_allclose(record.expected_rates(), [3 / 4, 2 / 3], atol=0.12)


def test_one_compiled_function_serves_all_labels():
    traces = []

    def counted(inputs, training):
        traces.append(inputs["labels"].shape)
        return ratio(inputs, training)

    sample = sampler(counted, batch_size=8, burn_in=5).sample
    sample([0, 1, 2], [9, 2, 4])
    sample([1], 3, call=1)
    assert traces == [(8,)]


def test_whole_batches_are_sent_before_the_last_results_are_read():
    """Of 500 each; 1000 accepted of each label take some 1000 (8/5 + 4/3 + 3/2) = 4433 proposals."""
    model = sampler()
    propose, events = model._propose, []

    def logged(labels, seed, number):
        assert labels.shape == (500,)
        events.append(("sent", int(number)))
        first, *others = propose(labels, seed, number)

        class First:
            def numpy(self):
                events.append(("read", int(number)))
                return first.numpy()

        return First(), *others

    model._propose = logged
    record = model.burn_in([0, 1, 2])
    assert [number for kind, number in events if kind == "sent"] == [0, 1, 2, 3, 4, 5]  # 3000 in six
    ahead = [("sent", 0), *(event for number in range(1, 5) for event in (("sent", number), ("read", number - 1)))]
    assert events[:len(ahead)] == ahead
    np.testing.assert_array_equal(record.proposed, [1000, 1000, 1000])
    events.clear()
    samples = model.sample([0, 1, 2], 1000, burn_in=record)
    sent = [number for kind, number in events if kind == "sent"]
    assert sent == list(range(len(sent))) and sorted(number for kind, number in events if kind == "read") == sent
    assert samples.proposed.sum() == 500 * len(sent) and 9 <= len(sent) <= 10
    assert events[:len(ahead)] == ahead
    assert events[-3:] == [("read", len(sent) - 2), ("sent", len(sent) - 1), ("read", len(sent) - 1)]


@pytest.mark.parametrize(("quantise_first", "seen"), [(True, 191 / 127.5 - 1), (False, 0.5)])
def test_images_are_truncated_and_features_see_them_so_or_not(quantise_first, seen):
    """(0.5 + 1) * 127.5 = 191.25."""
    model = sampler(lambda inputs, training: inputs["features"], constant_generator(0.5), quantise_first=quantise_first)
    samples = model.sample([0], 4)
    assert (samples.images == 191).all()
    np.testing.assert_allclose(samples.density_ratios, seen, atol=1e-6)
    assert (sampler(lambda inputs, training: inputs["features"], constant_generator(0.999)).sample([0], 1).images
            == 254).all()  # 254.87


def test_a_label_without_ratios_is_named():
    def never(inputs, training):
        return tf.where(inputs["labels"][:, None] == 7, 0.0, ratio(inputs, training))

    message = refused(sampler(never).sample, [0, 7], 3)
    for part in ("label 7", "all 1000 density ratios", "zero", "train the density-ratio network"):
        assert part in message


def rare(inputs, training):
    """Label 5: 0.1, but 100 in the highest 1/200, so that (0.1 * 0.995 + 0.5) / 100 = 0.006 is accepted."""
    peak = tf.where(inputs["features"] > 0.99, 100.0, 0.1)
    return tf.where(inputs["labels"][:, None] == 5, peak, 1.0)


def test_a_rate_below_the_floor_is_named():
    message = refused(sampler(rare, floor=0.01, burn_in=2000).sample, [1, 5], 3)
    assert "label 5: its acceptance rate is 0.00" in message and "floor of 0.01" in message
    assert "greatest ratio 100" in message
    samples = sampler(rare, floor=0.001, burn_in=2000).sample([1, 5], [3, 40])
    assert within(samples.accepted[1], samples.proposed[1], 0.005995)


def test_a_rate_that_falls_below_the_floor_later_is_named_too():
    model = sampler(rare, floor=0.02, burn_in=5)  # the burn-in sees no peak
    assert model.burn_in([5]).maxima[0] == pytest.approx(0.1)
    assert "label 5: its acceptance rate is 0.0" in refused(model.sample, [5], 5000)


@pytest.mark.parametrize(("value", "shown"), [(np.nan, "nan"), (np.inf, "inf"), (-0.5, "-0.5")])
def test_ratios_that_are_none_are_refused(value, shown):
    def wrong(inputs, training):
        return tf.where(inputs["features"] > 0.0, value, 1.0)

    message = refused(sampler(wrong).sample, [2], 3)
    assert f"label 2: the density-ratio network gives {shown};" in message


@pytest.mark.parametrize("with_predictor", [True, False])
def test_zeta_draws_until_the_predicted_label_is_near(with_predictor):
    labels = np.array([0.05, 0.5], np.float32)
    predictor = (lambda images: 0.5 * (tf.reshape(images, [-1]) + 1.0)) if with_predictor else None
    model = sampler(lambda inputs, training: inputs["labels"][:, None], asked_generator(), zeta=0.1, burn_in=200,
                    predictor=predictor)
    record = model.burn_in(labels)
    np.testing.assert_array_equal(record.proposed, [200, 200])
    assert (record.drawn > 200).all()  # some were drawn again
    samples = model.sample(labels, 600)
    np.testing.assert_allclose(samples.density_ratios, samples.labels, atol=1e-7)  # the ratio's label is y itself
    np.testing.assert_array_equal(samples.labels, np.repeat(labels, 600))
    predicted = samples.images.reshape(-1) / 255.0
    away = predicted - samples.labels
    assert np.abs(away).max() < 0.1 + 1 / 255 and np.abs(away[600:]).max() > 0.09
    # Labels uniform within +-0.1 with N(0, 0.03^2), cut off at +-0.1: 0.0535. Without the filter 0.03 alone.
    assert away[600:].std() == pytest.approx(0.0535, abs=0.005)
    unfiltered = sampler(lambda inputs, training: inputs["labels"][:, None], asked_generator()).sample(labels, 600)
    assert (unfiltered.images[600:].reshape(-1) / 255.0).std() == pytest.approx(0.03, abs=0.004)


def test_zeta_is_bounded():
    message = refused(sampler(lambda inputs, training: inputs["labels"][:, None], asked_generator(), zeta=0.01,
                              predictor=lambda images: tf.ones_like(images)).sample, np.float32([0.995, 0.5]), 3)
    assert "label 0.5: 0 of" in message and "zeta = 0.01" in message


@pytest.mark.parametrize(("options", "text"), [
    ({"batch_size": 0}, "batch_size"), ({"burn_in": 0}, "burn_in"), ({"burn_in": 2.5}, "burn_in"),
    ({"floor": 0.0}, "floor must lie in (0, 1)"), ({"floor": 1}, "floor"), ({"zeta": -0.1}, "zeta"),
])
def test_options_out_of_range_are_refused(options, text):
    assert text in refused(sampler, **options)


def test_impossible_calls_are_refused():
    model = sampler(burn_in=5, batch_size=8)
    assert "labels must be distinct" in refused(model.sample, [1, 1], 3)
    assert "labels must be numbers [L]" in refused(model.sample, [[1]], 3)
    assert "labels must be numbers [L]" in refused(model.sample, ["cat"], 3)
    assert "num must be whole numbers" in refused(model.sample, [0, 1], [1, -1])
    assert "num must be whole numbers" in refused(model.sample, [0, 1], 1.5)
    assert "does not know label 2" in refused(model.sample, [0, 2], 1, burn_in=model.burn_in([0, 1]))

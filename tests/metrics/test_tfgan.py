import sys

import numpy as np

from kgan.metrics.tfgan import classifier_metrics


def test_the_module_loads_alone_and_computes():
    module = classifier_metrics()
    assert module.__name__ == "tensorflow_gan.python.eval.classifier_metrics"
    assert not hasattr(sys.modules["tensorflow_gan"], "eval")  # the package file did not run
    assert classifier_metrics() is module
    # p = (3/4, 1/4) and (1/4, 3/4): IS = exp(log 2 - H(1/4)) = 2 * (3/4)^(3/4) * (1/4)^(1/4)
    logits = np.log(np.array([[3.0, 1.0], [1.0, 3.0]]))
    expected = 2 * 0.75**0.75 * 0.25**0.25
    np.testing.assert_allclose(float(module.classifier_score_from_logits(logits)), expected, rtol=1e-12)

"""The metrics as `evaluate.Metric`s: the Hugging Face interface, without its network.

`evaluate.load("accuracy")` fetches code from the Hub; `load_metric("accuracy")` builds the same kind
of object from the registry. `evaluate` is imported on the first call and not before: the registry
imports this file along with the metrics, and they need numpy alone.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from unmask.metrics import METRICS

if TYPE_CHECKING:
    import evaluate


def load_metric(name: str, **options: Any) -> evaluate.Metric:
    """Return one registered metric as an `evaluate.Metric`, also for `add_batch` and `evaluate.combine`.

    Predictions are scores (the probability of fake), references are labels (0 real, 1 fake), and
    `compute` returns `{name: value}`. Values are kept in memory, unless `num_process` asks for the
    file exchange that several processes need.

    Args:
        name: a registered metric, such as `eer`.
        options: handed to `evaluate.Metric` (`num_process`, `process_id`, `experiment_id`, ...).

    Raises:
        UnmaskError: no metric has that name; the message names the nearest ones.
        MetricError: from `compute`, when the input is not one that a metric can be computed on.

    Example:
        >>> import evaluate
        >>> both = evaluate.combine([load_metric("auc"), load_metric("eer")])
        >>> both.add_batch(predictions=[0.1, 0.9], references=[0, 1])
        >>> both.compute()
        {'auc': 1.0, 'eer': 0.0}
    """
    options.setdefault("keep_in_memory", options.get("num_process", 1) == 1)
    return _make_class(name)(**options)


@functools.cache
def _make_class(name: str) -> type[evaluate.Metric]:
    """Build the `evaluate.Metric` subclass of one registered metric."""
    import datasets
    import evaluate

    metric, metric_name = METRICS[name], name
    # float64: float32 would round two scores into a tie.
    features = {"predictions": datasets.Value("float64"), "references": datasets.Value("int64")}

    class RegisteredMetric(evaluate.Metric):
        """A metric of the registry behind the interface of `evaluate`."""

        @property
        def name(self) -> str:
            # Made from the class by `evaluate`, it would lose the line before a digit.
            return metric_name

        def _info(self) -> evaluate.MetricInfo:
            return evaluate.MetricInfo(
                description=metric.__doc__ or name,
                citation="",
                inputs_description="\npredictions: probability of fake; references: 0 real, 1 fake.\n",
                features=datasets.Features(features),
            )

        def _compute(self, *, predictions: Any, references: Any, **settings: Any) -> dict[str, float]:
            return {name: metric(references, predictions, **settings)}

    # `evaluate` names a module after its class: AveragePrecision becomes average_precision.
    RegisteredMetric.__name__ = "".join(word.capitalize() for word in name.split("_"))
    RegisteredMetric.__qualname__ = RegisteredMetric.__name__
    return RegisteredMetric

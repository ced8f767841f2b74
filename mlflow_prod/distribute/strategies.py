"""Distribution strategies by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mlflow_prod.errors import InvalidParameter, did_you_mean

if TYPE_CHECKING:
    import tensorflow as tf


def _devices() -> list[str]:
    import tensorflow as tf

    accelerators = [device.name for device in tf.config.list_logical_devices("GPU")]
    return accelerators or [device.name for device in tf.config.list_logical_devices("CPU")]


def _one_device() -> "tf.distribute.Strategy":
    import tensorflow as tf

    return tf.distribute.OneDeviceStrategy(_devices()[0])


def _mirrored() -> "tf.distribute.Strategy":
    import tensorflow as tf

    devices = _devices()
    # NCCL, the default among several devices, is for GPUs only.
    on_cpu = "CPU" in devices[0]
    return tf.distribute.MirroredStrategy(
        devices, cross_device_ops=tf.distribute.ReductionToOneDevice() if on_cpu else None
    )


STRATEGIES: dict[str, Callable[[], "tf.distribute.Strategy"]] = {
    "one_device": _one_device,
    "mirrored": _mirrored,
}


def strategy(name: str) -> "tf.distribute.Strategy":
    """A `tf.distribute` strategy over this machine's devices: its GPUs, or its CPU where there is none.

    `one_device`: the first device. `mirrored`: all of them, each holding a copy of the weights; gradients
    are averaged in every step. On a machine with one device `mirrored` has one replica, which is correct
    and no faster. InvalidParameter for another name.
    """
    if name not in STRATEGIES:
        raise InvalidParameter("strategy", f"a known one ({did_you_mean(name, STRATEGIES)})", name)
    return STRATEGIES[name]()

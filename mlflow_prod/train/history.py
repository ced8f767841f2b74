"""What training leaves behind beside the weights."""

from dataclasses import dataclass


@dataclass(frozen=True)
class History:
    """The course of one training.

    Parameters
    ----------
    loss : mean training loss of each epoch, taken while its weights changed.
    val_loss : validation loss after each epoch; empty without validation rows.
    best_epoch : epoch, counted from 1, whose weights the network holds.
    seconds : wall-clock seconds of each epoch; the first one includes what TensorFlow does once.
    """

    loss: list[float]
    val_loss: list[float]
    best_epoch: int
    seconds: list[float]

    @property
    def curves(self) -> dict[str, list[float]]:
        """The losses by name, one value an epoch each."""
        return {"loss": self.loss, "val_loss": self.val_loss}

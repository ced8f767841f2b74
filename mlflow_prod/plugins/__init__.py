"""Everything that MLflow calls; imported by MLflow through entry points, one file each."""

__all__: list[str] = []

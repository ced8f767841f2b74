"""Where a model's files are kept, one module each: a function from a location to the files."""

__all__: list[str] = []

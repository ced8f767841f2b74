"""Fashion-MNIST, a strong teacher and a small student of it: what several benchmarks share."""

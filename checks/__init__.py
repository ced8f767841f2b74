"""What `make check`, `make lock` and `make test-envs` run beside the usual tools."""

"""Migrations, each one frozen from the day it is released."""

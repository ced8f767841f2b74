"""Trains the teacher and its student where they are missing: `python -m benchmarks.fashion`.

teacher.keras and student.keras were made so; to make one anew, remove it first (half an hour on two cores).
"""

import sys

from benchmarks.fashion import student
from benchmarks.fashion.data import Absent, fashion


def main() -> int:
    try:
        student.trained(fashion())
    except Absent as absent:
        print(absent, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs the tests of one folder, shows them, and adds their counts to a file.

usage: tests.py FOLDER COUNTS [-v] [-b]

COUNTS holds the counts of all runs so far as JSON, by the names that vitest's JSON reporter has.
Exit code: 0; 1 if a test failed; 5 if there was none.
"""

import json
import os
import sys
import unittest


def main():
    folder, counts_file, *flags = sys.argv[1:]
    here = os.path.dirname(os.path.abspath(__file__))
    suite = unittest.defaultTestLoader.discover(os.path.join(here, folder), top_level_dir=here)
    runner = unittest.TextTestRunner(verbosity=2 if "-v" in flags else 1, buffer="-b" in flags)
    result = runner.run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    ours = {
        "numPassedTests": max(0, result.testsRun - failed - skipped),
        "numFailedTests": failed,
        "numPendingTests": skipped,
    }
    counts = {}
    if os.path.exists(counts_file):
        with open(counts_file, encoding="utf-8") as file:
            counts = json.load(file)
    with open(counts_file, "w", encoding="utf-8") as file:
        json.dump({name: counts.get(name, 0) + count for name, count in ours.items()}, file)
    if result.testsRun == 0:
        sys.exit(5)
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()

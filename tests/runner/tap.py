# SPDX-License-Identifier: GPL-3.0-or-later
"""How a test in Python tells its results: one line of TAP for each, what was wrong below it, and at the end the plan and an
exit status. It is here once, so that every test says the same and none can fail without being seen.

What is said of a failure is bounded, its last lines being kept: a test may have at hand a whole message or transcript."""
import sys

LINES, CHARACTERS = 50, 1000  # of what is said of one failure; characters of each line


class Report:
    """The results of one test, in the order in which they are known. The plan comes last: who ends before it has failed."""

    def __init__(self):
        self.number = self.failures = 0

    def check(self, name, fine, detail=""):
        """One result, at once; of detail, which may be anything, the text is printed where it is not fine."""
        self.number += 1
        self.failures += not fine
        print(f"{'ok' if fine else 'not ok'} {self.number} - {name}", flush=True)
        if not fine:
            print("".join(f"# {line[:CHARACTERS]}\n" for line in str(detail).splitlines()[-LINES:]), end="", flush=True)

    def end(self):
        """Prints the plan and ends the program: 1 where something was not fine."""
        print(f"1..{self.number}", flush=True)
        sys.exit(self.failures > 0)

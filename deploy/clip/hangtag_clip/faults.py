"""What can be wrong with a call or with one item of it, as stable codes.

Items of a dynamic batch share one HTTP status, so a fault never becomes a status: it stands in the
JSON body of its own item, and its neighbours are answered as if it were not there.
"""

# Codes that a caller may try again unchanged. All others fail the same way each time.
RETRYABLE = frozenset({"inference.out_of_memory", "inference.overloaded"})


class Fault(Exception):
    """`code` is stable and listed in README.md; `message` is for people and holds no stack or path."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message

    def wire(self):
        return {"code": self.code, "message": self.message, "retry": self.code in RETRYABLE}

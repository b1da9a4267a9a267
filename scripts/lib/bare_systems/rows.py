"""What was proved, one row each."""


class Rows:
    """Prints rows and counts those that failed."""

    def __init__(self):
        self.failed = 0

    def __call__(self, title, wrong="", more=""):
        """A row: it failed if something is `wrong`, which is told, as `more` is in any case."""
        print(f"{'FAILED' if wrong else 'ok':8} {title}", flush=True)
        self.failed += bool(wrong)
        for text in (wrong, more):
            for line in str(text).splitlines() if text else []:
                print(f"         {line}", flush=True)

"""What is wrong with a statement, a table or an index, told so that whoever reads it can repair it."""

from dataclasses import dataclass

#: What a statement can be exempt from, and what that means.
KINDS = {
    "full-scan": "reads a whole large table",
    "many-rows": "reads many rows of a large table",
    "sort": "sorts many rows that no index gives in order",
    "nested-loop": "reads many rows again and again",
    "repeated": "is issued many times in one call",
}


@dataclass(frozen=True)
class Finding:
    """One thing to repair. ``subject`` is the table or index; ``methods`` are the RPC methods that ask."""

    kind: str
    subject: str
    what: str
    advice: str
    methods: tuple[str, ...] = ()
    statement: str = ""

    def __str__(self) -> str:
        lines = [f"{self.kind}: {self.subject}: {self.what}"]
        if self.methods:
            lines.append(f"  asked by   {', '.join(self.methods)}")
        if self.statement:
            lines.append(f"  statement  {self.statement}")
        lines.append(f"  advice     {self.advice}")
        return "\n".join(lines)


def report(findings: list[Finding]) -> str:
    """All of them, for a failing test's message."""
    return "\n\n" + "\n\n".join(map(str, findings)) + "\n\nThe method: docs/explanation/fast-sql.md"

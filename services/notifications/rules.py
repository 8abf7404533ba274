"""What a person is told. Pure decisions."""

from broadsheet.contracts.runs import Run, RunState


def words(run: Run) -> tuple[str, str]:
    """Title and body of the notification about a run that has ended."""
    formats = ", ".join(item.value.upper() for item in run.formats)
    if run.state is RunState.SUCCEEDED:
        return f"{run.report_title} is ready", f"Your {formats} can be downloaded"
    if run.state is RunState.CANCELLED:
        return f"{run.report_title} was cancelled", f"The {formats} was not made"
    reason = run.error.message if run.error else "No reason is known"
    return f"{run.report_title} failed", f"The {formats} could not be made: {reason}"


def is_told(run: Run) -> bool:
    """Whoever cancelled a run knows it."""
    return run.state is not RunState.CANCELLED

"""Whether another process has ended is told where it can be seen, and nowhere else."""

import subprocess
import sys

from gateway.ground.processes import has_ended, this_process

TELL = "from gateway.ground.processes import this_process; print(this_process(), flush=True); input()"


def test_a_process_of_this_machine_is_seen_to_end():
    """While it runs it has not."""
    with subprocess.Popen(
        [sys.executable, "-c", TELL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        who = other.stdout.readline().strip()
        before = has_ended(who)
        other.communicate("\n")

    assert (before, has_ended(who)) == (False, True)


def test_a_process_is_told_from_a_later_one_of_its_number():
    """By when it began."""
    machine, sight, number, _ = this_process().split()

    assert not has_ended(this_process())
    assert has_ended(f"{machine} {sight} {number} 1")


def test_of_another_machine_nothing_is_known():
    """Nor of one whose processes are not ours to see, nor of one that cannot tell."""
    _, sight, number, begun = this_process().split()

    assert not has_ended(f"another {sight} {number} {begun}")
    assert not has_ended("unknown 1 2")
    assert not has_ended("elsewhere")

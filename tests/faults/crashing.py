"""A crash at a named point, found by looking on, without a line of the gateway changed."""

import sys
import threading


def crash_at(file, function, event, nth, die):
    """Call `die` the nth time that the function is entered (`call`) or left (`return`), in whatever thread."""
    left = [nth]

    def look(frame, what, _argument):
        code = frame.f_code
        if what == event and code.co_name == function and code.co_filename.endswith(file):
            left[0] -= 1
            if left[0] == 0:
                die()

    threading.setprofile(look)
    sys.setprofile(look)

"""The process: it starts quickly, and it leaves at once."""

from __future__ import annotations


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    import gc
    import signal

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(number, _interrupted)  # until the command line has its own way to end
    # A run is short and leaves next to nothing in circles: to look for it while modules load is a tenth of a plan.
    gc.disable()
    import atexit
    import os
    import sys

    # Threads that unpack and hash need the interpreter for moments only, and shall not wait while modules load.
    sys.setswitchinterval(0.001)

    from vddkctl.cli.early import begin
    from vddkctl.cli.streams import flush_all, make_usable

    make_usable()
    begun = begin(sys.argv[1:])

    from vddkctl.cli.main import main as run

    code = run(begun)
    flush_all()
    atexit._run_exitfuncs()  # noqa: SLF001 - a client certificate of a kubeconfig may lie in a temporary file
    # Python would take apart all that was loaded, which is another tenth, and wait for threads that may wait for ever.
    os._exit(code)


def _interrupted(*_: object) -> None:
    import atexit
    import os

    try:
        os.write(2, b"Interrupted.\n")
        atexit._run_exitfuncs()  # noqa: SLF001 - as above
    finally:
        os._exit(130)


if __name__ == "__main__":
    main()

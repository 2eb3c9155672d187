# SPDX-License-Identifier: GPL-2.0-only
"""The command line of ../run."""

import argparse
import os
import select
import shlex
import sys
import termios
import tty

from . import builds, roots, tests
from .guest import Guest, GuestError, exit_on_signals

ESCAPE = b"\x01"  # Ctrl-A, as in QEMU


def _parse():
    table = roots.kernels()
    bootable = [kernel.version for kernel in table.values() if kernel.use != "build"]
    parser = argparse.ArgumentParser(
        prog="selftests/vm/run", description="Runs tests, or a shell, in a guest that has a VMBus.")
    parser.add_argument("-k", "--kernel", action="append", choices=bootable,
                        help="kernel of the guest, again for more (default: 6.12)")
    parser.add_argument("-t", "--tests", default="", metavar="'NAME...'",
                        help="names or globs of tests (default: all)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the guest's console")
    parser.add_argument("-l", "--list", action="store_true", help="list the tests")
    parser.add_argument("--accel", choices=("kvm", "nested", "tcg"),
                        help="instead of what the machine can do best; tcg has no VMBus")
    parser.add_argument("--cpus", type=int, help="of the guest (default: 2, or as the test says)")
    parser.add_argument("--noise", type=int, default=0, metavar="N",
                        help="N busy processes of changing priority beside the tests, threads that run early or late, "
                        "and a guest that stands still now and then")
    shell = parser.add_argument_group("shell")
    shell.add_argument("--shell", action="store_true", help="a console instead of tests")
    shell.add_argument("--command", help="run this in the guest instead of a console")
    shell.add_argument("--no-hyperv", action="store_true", help="a guest without VMBus")
    shell.add_argument("--programs", default="", metavar="'NAME...'", help="with those of the roots input, storage")
    shell.add_argument("--memory", type=int, default=512, metavar="MB")
    shell.add_argument("--cmdline", default="", help="more kernel command line")
    shell.add_argument("--qemu", default="", metavar="ARGS", help="more arguments for the guest's QEMU")
    shell.add_argument("--no-build", action="store_true", help="without our modules")
    return parser.parse_args()


def _guest(options, mode):
    version = (options.kernel or ["6.12"])[0]
    modules = [] if options.no_build else builds.build(version)
    files = {f"tests/{path.name}": path for folder in (tests.OWN_TESTS, tests.KMOD_TESTS)
             for path in folder.glob("*.sh")}
    if mode == "shell" and sys.stdin.isatty():
        size = os.get_terminal_size(sys.stdin.fileno())
        files["kmcl/size"] = f"rows {size.lines} cols {size.columns}\n".encode()
    return Guest(version, hyperv=not options.no_hyperv, cpus=options.cpus or 2, memory=options.memory,
                 modules=modules, files=files, mode=mode, cmdline=options.cmdline, programs=options.programs.split(),
                 extra=shlex.split(options.qemu), accel=options.accel)


def _pump(guest):
    """Connects this terminal with the guest's console until one of them ends."""
    console = guest.console_socket
    fd = sys.stdin.fileno()
    escaped = False
    while True:
        ready, _, _ = select.select([console, fd], [], [])
        if console in ready:
            data = console.recv(65536)
            if not data:
                return
            os.write(sys.stdout.fileno(), data)
        if fd in ready:
            data = os.read(fd, 1024)
            if not data:
                return
            for key in (data[i:i + 1] for i in range(len(data))):
                if escaped and key in b"xX":
                    return
                # Twice sends it once.
                if escaped or key != ESCAPE:
                    console.sendall(key)
                    escaped = False
                else:
                    escaped = True


def _shell(options):
    builds.say("booting, 6 to 20 s; Ctrl-A X ends the guest")
    with _guest(options, "shell") as guest:
        if not sys.stdin.isatty():
            _pump(guest)
            return 0
        saved = termios.tcgetattr(sys.stdin)
        try:
            tty.setraw(sys.stdin)
            _pump(guest)
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)
            print()
    return 0


def _command(options):
    with _guest(options, "agent") as guest:
        guest.wait_ready()
        status, output = guest.run(options.command, timeout=600)
        print(output, end="")
        guest.poweroff()
    return status


def _tests(options):
    patterns = options.tests.split()
    if options.list:
        for test in tests.find(patterns or ["*"]):
            where = f"{test.where}{' demand' if test.demand else ''}"
            print(f"{test.name:24} {where:14} {test.timeout:4} s  {test.path.relative_to(builds.TOP)}")
        return 0
    total = tests.ktap.Tally()
    for version in options.kernel or ["6.12"]:
        total.add(tests.run(version, patterns, verbose=options.verbose, accel=options.accel,
                            noise=options.noise, cpus=options.cpus))
    for skip in total.skips:
        print(f"# SKIPPED: {skip}")
    for failure in total.failures:
        print(f"# FAILED: {failure}")
    if not total.total:
        print("# no test ran")
    print(total)
    return 0 if total.total and not total.failed else 1


def main():
    options = _parse()
    exit_on_signals()
    try:
        if options.command:
            sys.exit(_command(options))
        sys.exit(_shell(options) if options.shell else _tests(options))
    except (GuestError, builds.BuildError) as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit(130)

# SPDX-License-Identifier: GPL-2.0-only
"""A guest with a VMBus, on a machine that need not have one.

Where /dev/kvm emulates Hyper-V's interrupt controller, QEMU runs the guest directly. Elsewhere an outer guest
under TCG, whose emulated processor has SVM, gives a /dev/kvm that does, and runs QEMU with the same devices.
Either way the console, the QMP monitor and the agent of the guest are sockets of this process.
"""

import ctypes
import fcntl
import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from . import acpi, initramfs, roots
from .qmp import Qmp, QmpError

KVM_CHECK_EXTENSION = 0xAE03
KVM_CAP_HYPERV_SYNIC2 = 148
PR_SET_PDEATHSIG = 1

# Timers that interrupt (hv-stimer-direct) and send no messages: KVM would write those to the slot that QEMU writes the
# messages of VMBus to, and timers would get lost (../README.md).
HYPERV_FLAGS = ("hv-relaxed,hv-vpindex,hv-runtime,hv-time,hv-synic,hv-stimer,hv-stimer-direct,hv-frequencies,hv-vapic")

# How often the outer guest is interrupted, in seconds; see _poke().
POKE = 0.1

# The log holds all that one test provokes and then reads: 33 backtraces are 130 KB, at the edge of the default.
GUEST = "console=hvc0 quiet panic=-1 log_buf_len=1M"

# A guest on an emulated processor can stand still for longer than the kernel's watchdogs are used to. One that does so
# while it looks whether its timer ticks at all panics ("IO-APIC + timer doesn't work!"), so it does not look.
PATIENT = "no_timer_check watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120 workqueue.watchdog_thresh=120"

# Where the run directory is, in the root and in the outer guest.
RUN = "/run/kmcl"

# The sockets that connect this process with the guest.
PORTS = ("console", "qmp", "host")

# How long what a guest has said may take to arrive here once it has ended, in seconds: what is missing fails a test.
READ_OUT = 60

# The name of the run directory on this machine: this, the process id, and something random.
RUN_PREFIX = "kmcl-vm."


class GuestError(Exception):
    pass


def kvm_has_hyperv():
    """Whether this machine's KVM can be a Hyper-V host. That /dev/kvm exists says nothing."""
    try:
        with open("/dev/kvm", "rb+", buffering=0) as kvm:
            return fcntl.ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_HYPERV_SYNIC2) > 0
    except OSError:
        return False


def _remove_stale():
    """Takes away the run directories of harnesses that were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{RUN_PREFIX}*.*"):
        if not Path("/proc", path.name[len(RUN_PREFIX):].split(".")[0]).exists():
            shutil.rmtree(path, ignore_errors=True)


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Guest:
    """A running guest; use it in a `with` block, which ends it and all its processes.

    mode is what guest/init does: "agent" (run() works), "tests" (see run.py) or "shell".
    peer adds the test peer (selftests/host), in a QEMU that is built for it. mended: where guests are nested, the outer
    one runs on that QEMU, too, whose emulation of SVM has a fault less. programs: names of initramfs.PROGRAMS.
    on_line(line) is called for each line of the guest's console, in a thread of its own.
    """

    def __init__(self, kernel, *, hyperv=True, cpus=2, memory=512, modules=(), files=None, mode="agent",
                 extra=(), cmdline="", on_line=None, on_request=None, accel=None, holder=None, peer=False,
                 mended=False, programs=(), stalls=False):
        self.kernel = roots.kernel(kernel) if isinstance(kernel, str) else kernel
        self.hyperv = hyperv
        self._accel = accel or ("kvm" if kvm_has_hyperv() else "nested" if hyperv else "tcg")
        self._peer = peer
        self._mended = mended and self._accel == "nested"
        self._qemu = roots.peer_qemu() if peer or self._mended else None
        self.console = []
        self.outer_log = []
        self.start_time = time.monotonic()
        self._cpus = cpus
        self._memory = memory
        self._extra = list(extra)
        self._cmdline = cmdline
        self._mode = mode
        self._stalls = stalls
        self._ended = threading.Event()
        self._modules = list(modules)
        self._files = dict(files or {})
        self._programs = list(programs)
        self._on_line = on_line
        self._on_request = on_request
        self._process = None
        self._sockets = []
        self._threads = []
        self._agent_lock = threading.Lock()
        self._agent_id = 0
        self._run_dir = None
        self.qmp = None
        if holder:
            holder(self)

    # Life

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _start(self):
        _remove_stale()
        self._run_dir = Path(tempfile.mkdtemp(prefix=f"{RUN_PREFIX}{os.getpid()}."))
        initramfs.inner(self.kernel, self._modules, self._files, self._mode, self._run_dir, self._programs)
        os.link(self.kernel.image, self._run_dir / "kernel") if self._same_disk() else \
            shutil.copyfile(self.kernel.image, self._run_dir / "kernel")
        if self._qemu:
            shutil.copy(self._qemu, self._run_dir / "qemu-peer")
        if self._peer:
            (self._run_dir / "mmio.aml").write_bytes(acpi.mmio_table())
        nested = self._accel == "nested"
        self._log = None if nested or self._mode == "shell" else self._run_dir / "console.log"
        names = [name for name in PORTS if name != "console" or not self._log]
        listeners = {name: self._listen(name) for name in (*names, *(["poke"] if nested else []))}
        command = self._nested() if nested else self._inner_command(self._socket_chardev)
        self._process = subprocess.Popen(
            [roots.VM_DIR / "in-root", "--bind", f"{self._run_dir}:{RUN}", "trixie", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=_die_with_parent)
        self._thread(self._read_outer)
        socks = {name: self._accept(listener) for name, listener in listeners.items()}
        self._console = socks.get("console")
        self._host = socks["host"]
        self.qmp = Qmp(socks["qmp"])
        if nested:
            self._poke_socket = socks["poke"]
            self._thread(self._poke)
        if self._stalls:
            self._thread(self._stall)
        if self._mode != "shell":
            self._thread(self._follow_log if self._log else self._read_console)
        if self._mode == "tests":
            self._thread(self._serve_requests)
        self._agent_file = self._host.makefile("rb")

    def close(self):
        """Ends the guest at once, whatever it is doing."""
        self._ended.set()
        if self._process:
            # unshare takes its process namespace with it, and that everything in it.
            self._process.kill()
            self._process.wait()
        for sock in self._sockets:
            sock.close()
        for thread in self._threads:
            thread.join(READ_OUT)
        if self._run_dir:
            shutil.rmtree(self._run_dir, ignore_errors=True)
            self._run_dir = None

    def wait(self, timeout):
        """Waits for the guest to power off; whether it did in time."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        self._ended.set()
        for thread in self._threads:
            thread.join(READ_OUT)
        return True

    @property
    def accelerator(self):
        """How it runs: "kvm", "tcg", or "nested"."""
        return self._accel

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    # Agent

    def wait_ready(self, timeout=600):
        """Waits until the guest's agent takes commands."""
        self._agent_reply(b"ready", timeout)

    def run(self, command, timeout=60, check=False):
        """Runs a shell command in the guest; returns (status, output)."""
        with self._agent_lock:
            self._agent_id += 1
            ident = str(self._agent_id).encode()
            try:
                self._host.sendall(ident + b" " + command.replace("\n", "; ").encode() + b"\n")
            except OSError as error:
                raise GuestError(f"the guest is gone: {error}") from error
            status, output = self._agent_reply(ident, timeout)
        if check and status:
            raise GuestError(f"'{command}' failed in the guest with status {status}: {output.strip()}")
        return status, output

    def poweroff(self, timeout=30):
        """Ends an agent guest the orderly way; whether it powered off in time."""
        self.run("exit", timeout)
        return self.wait(timeout)

    def _agent_reply(self, ident, timeout):
        self._host.settimeout(timeout)
        try:
            while True:
                head = self._agent_file.readline().split()
                if not head:
                    raise GuestError("the guest ended\n" + self.tail())
                output = self._agent_file.read(int(head[2]))
                if head[0] == ident:
                    return int(head[1]), output.decode(errors="replace")
        except TimeoutError as error:
            raise GuestError(f"no answer from the guest in {timeout} s\n" + self.tail()) from error
        except OSError as error:
            raise GuestError(f"the guest is gone: {error}") from error

    def tail(self, lines=15):
        """The last lines of both consoles, for a message."""
        return "\n".join([f"outer| {line}" for line in self.outer_log[-lines:]] +
                         [f"guest| {line}" for line in self.console[-lines:]])

    # Command lines

    def _same_disk(self):
        return self.kernel.image.stat().st_dev == self._run_dir.stat().st_dev and os.geteuid() == 0

    def _socket_chardev(self, name):
        # What a console prints faster than a socket is read QEMU throws away, so a log is a file.
        if name == "console" and self._log:
            return f"file,id={name},path={RUN}/{self._log.name}"
        return f"socket,id={name},path={RUN}/{name}"

    @staticmethod
    def _port_chardev(name):
        # The pipe backend opens a character device for reading and writing alike.
        return f"pipe,id={name},path=/run/ports/{name}"

    @staticmethod
    def _program(ours):
        """QEMU of the root; or ours, with the firmware of the root."""
        if not ours:
            return ["qemu-system-x86_64"]
        return [f"{RUN}/qemu-peer", "-L", "/usr/share/seabios", "-L", "/usr/share/qemu"]

    def _inner_command(self, chardev):
        accel = "tcg" if self._accel == "tcg" else "kvm"
        cpu = "max" if accel == "tcg" else "host"
        patient = "" if self._accel == "kvm" else PATIENT
        command = [*self._program(self._peer), "-accel", accel, "-machine", "pc", "-smp", str(self._cpus),
                   "-m", str(self._memory), "-nodefaults", "-no-user-config", "-display", "none",
                   "-no-reboot", "-kernel", f"{RUN}/kernel", "-initrd", f"{RUN}/inner.cpio",
                   "-append", f"{GUEST} {patient} {self._cmdline}".strip(),
                   "-device", "virtio-serial-pci,max_ports=4"]
        for name in PORTS:
            command += ["-chardev", chardev(name)]
        command += ["-device", "virtconsole,chardev=console",
                    "-device", "virtserialport,chardev=host,name=kmcl.host",
                    "-mon", "chardev=qmp,mode=control"]
        if self.hyperv:
            # Linux looks for Hyper-V only where it does not find KVM. With S4 offered, the in-tree
            # hv_balloon would ignore requests.
            command += ["-cpu", f"{cpu},kvm=off,{HYPERV_FLAGS}", "-device", "vmbus-bridge",
                        "-device", "hv-balloon,id=balloon,status-report=on",
                        "-global", "PIIX4_PM.disable_s4=1"]
            if self._peer:
                command += ["-device", "kmcl-test,id=peer", "-device", "kmcl-test-pipe,id=pipe",
                            "-acpitable", f"file={RUN}/mmio.aml"]
        else:
            command += ["-cpu", cpu]
        return command + self._extra

    def _nested(self):
        outer = roots.kernel("6.12")
        shutil.copyfile(initramfs.outer(outer), self._run_dir / "outer.cpio")
        shutil.copyfile(outer.image, self._run_dir / "outer-kernel")
        (self._run_dir / "inner.sh").write_text(
            "exec " + shlex.join(self._inner_command(self._port_chardev)) + "\n")
        # One processor: with two, this emulation of static-key patching is not reliable.
        command = [*self._program(self._mended), "-accel", "tcg,thread=single", "-cpu", "EPYC,+svm,+npt",
                   "-smp", "1", "-m", str(self._memory + 1024), "-nodefaults", "-no-user-config",
                   "-display", "none", "-no-reboot", "-serial", "stdio",
                   "-kernel", f"{RUN}/outer-kernel", "-initrd", f"{RUN}/outer.cpio",
                   "-append", f"console=ttyS0 quiet panic=-1 mitigations=off {PATIENT}",
                   "-virtfs", "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap",
                   "-virtfs", f"local,path={RUN},mount_tag=run,security_model=none,readonly=on",
                   "-device", "virtio-serial-pci,max_ports=8"]
        for name in (*PORTS, "poke"):
            command += ["-chardev", self._socket_chardev(name),
                        "-device", f"virtserialport,chardev={name},name={name}"]
        return command

    # Plumbing

    def _listen(self, name):
        listener = socket.socket(socket.AF_UNIX)
        self._sockets.append(listener)
        listener.bind(str(self._run_dir / name))
        listener.listen(1)
        listener.settimeout(0.2)
        return listener

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except TimeoutError:
                if not self.running:
                    raise GuestError("QEMU did not start\n" + self.tail()) from None
                continue
            sock.settimeout(None)
            self._sockets.append(sock)
            return sock

    def _thread(self, target):
        thread = threading.Thread(target=target, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _read_outer(self):
        for line in self._process.stdout:
            self.outer_log.append(line.decode(errors="replace").rstrip())

    def _console_line(self, line):
        text = line.decode(errors="replace").rstrip("\r\n")
        self.console.append(text)
        if self._on_line:
            self._on_line(text)

    def _follow_log(self):
        rest = b""
        with open(self._log, "rb") as log:
            while True:
                running = self.running
                data = log.read()
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._console_line(line)
                if not running:
                    break
                if not data:
                    time.sleep(0.05)
        if rest:
            self._console_line(rest)

    def _read_console(self):
        try:
            with self._console.makefile("rb") as lines:
                for line in lines:
                    self._console_line(line)
        except (OSError, ValueError):
            pass

    def _poke(self):
        """Interrupts the outer guest every now and then, because QEMU's emulation of SVM loses interrupts.

        At each exit of the inner guest it clears a bit in a word of pending interrupts, without the lock under which
        its other threads set bits there (svm_helper.c, do_vmexit, up to 10.0 at least). A timer interrupt that is lost
        so is the last one: the outer guest stands still until a device interrupts it.
        """
        try:
            while self.running:
                self._poke_socket.sendall(b"\n")
                time.sleep(POKE)
        except OSError:
            pass

    def _stall(self):
        """What a busy machine does to a guest, now and then, but often."""
        try:
            while not self._ended.wait(random.uniform(0.5, 8)) and self.running:
                os.killpg(self._process.pid, signal.SIGSTOP)
                time.sleep(random.choice((0.2, 0.5, 1, 3)) * random.random())
                os.killpg(self._process.pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def _serve_requests(self):
        """Answers what tests in the guest ask with guest/host."""
        try:
            with self._host.makefile("rb") as lines:
                for line in lines:
                    answer = self._on_request(line.decode(errors="replace").strip())
                    self._host.sendall(answer.encode() + b"\n")
        except (OSError, ValueError):
            pass

    @property
    def console_socket(self):
        """For mode "shell": the console, raw both ways."""
        return self._console


def exit_on_signals():
    """Makes SIGTERM and SIGHUP unwind the stack, and Ctrl-C also where the parent ignored it."""
    def leave(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    signal.signal(signal.SIGINT, signal.default_int_handler)


__all__ = ["Guest", "GuestError", "QmpError", "exit_on_signals", "kvm_has_hyperv"]

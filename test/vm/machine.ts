import { spawn } from "node:child_process";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../src/base/clock.js";
import { type GuestShell, openGuestShell } from "./guest-shell.js";
import { peers } from "./recipe.js";
import type { System } from "./system.js";
import { until } from "./until.js";
import type { World } from "./world.js";

/** A virtual machine that runs: QEMU under software emulation, its modem on USB, its console kept, its process watched. */

export interface Machine {
  readonly shell: GuestShell;
  /** From the start of the process until the shell answered. */
  readonly bootMs: number;
  /** Aborts when the process ends, for whatever reason. */
  readonly ended: AbortSignal;
  console(): Promise<string>;
  /** The plug is pulled: SIGKILL, and whatever the machine had not yet on its disk is lost. */
  cutPower(): Promise<void>;
  /** The system's own way down. */
  powerOff(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface MachineOptions {
  readonly clock: Clock;
  readonly system: System;
  /** A qcow2 file: what the machine has not flushed is in QEMU's memory and dies with it, as in a disk's own cache. */
  readonly disk: string;
  /** Shown to the machine as its second disk, read-only. */
  readonly secondDisk?: string | undefined;
  readonly world: World;
  readonly bootTimeoutMs: number;
}

/**
 * Boots. QEMU was seen to end by itself before its system had mounted its disk, once in 25 boots: only such a boot is tried again, once.
 * @throws Error with the console's last lines.
 */
export async function startMachine(options: MachineOptions, say: (line: string) => void): Promise<Machine> {
  try {
    return await bootOnce(options);
  } catch (error) {
    if (!(error instanceof EndedByItself)) throw error;
    say(`QEMU ended by itself while it booted, and is started once more: ${error.message}`);
    return await bootOnce(options);
  }
}

class EndedByItself extends Error {}

async function bootOnce(options: MachineOptions): Promise<Machine> {
  const { clock, bootTimeoutMs } = options;
  const dir = await mkdtemp(join(tmpdir(), "esimd-vm-"));
  const consolePath = join(dir, "console");
  const shellPath = join(dir, "shell");
  const startMs = clock.monotonicMs();
  const qemu = spawn("qemu-system-x86_64", flags(options, consolePath, shellPath), {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const killOnExit = (): void => {
    qemu.kill("SIGKILL");
  };
  process.once("exit", killOnExit);
  const ending = new AbortController();
  let complaint = "";
  qemu.stderr.on("data", (chunk: Buffer) => {
    complaint = `${complaint}${chunk.toString("utf8")}`.slice(-2000);
  });
  const exited = new Promise<void>((resolve) => {
    const over = (how: string): void => {
      process.off("exit", killOnExit);
      ending.abort(new EndedByItself(`QEMU ended: ${how}${complaint === "" ? "" : `, ${complaint.trim()}`}`));
      resolve();
    };
    qemu.once("exit", (code, signal) => over(`${signal ?? `exit status ${code}`}`));
    qemu.once("error", (error) => over(error.message));
  });
  const readConsole = (): Promise<string> =>
    readFile(consolePath, "utf8").then(
      (text) => text.replaceAll("\r", ""),
      () => "",
    );
  const kill = async (): Promise<void> => {
    qemu.kill("SIGKILL");
    await exited;
  };
  const close = async (): Promise<void> => {
    await kill();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const signal = ending.signal;
    await until({ clock, timeoutMs: 30_000, what: "QEMU's sockets", pollMs: 20, signal }, () =>
      access(shellPath).then(
        () => true,
        () => undefined,
      ),
    );
    const shell = await openGuestShell({ clock, socketPath: shellPath, bootTimeoutMs, signal });
    return {
      shell,
      bootMs: clock.monotonicMs() - startMs,
      ended: signal,
      console: readConsole,
      cutPower: async () => {
        await kill();
        shell.close();
      },
      powerOff: async (timeoutMs) => {
        // Its answer may be lost with the shell.
        shell.run("systemctl poweroff", timeoutMs).catch(() => undefined);
        const timer = clock.setTimer(timeoutMs, () => void kill());
        await exited;
        timer();
        if (qemu.signalCode === "SIGKILL")
          throw new Error(`the machine was not off ${timeoutMs / 1000} s after poweroff`);
        shell.close();
      },
      close,
    };
  } catch (error) {
    const lines = (await readConsole()).trimEnd().split("\n").slice(-60).join("\n");
    await close();
    const message = `${error instanceof Error ? error.message : String(error)}\n--- console\n${lines}`;
    throw error instanceof EndedByItself ? new EndedByItself(message) : new Error(message, { cause: error });
  }
}

function flags(options: MachineOptions, consolePath: string, shellPath: string): string[] {
  const { system, disk, secondDisk, world } = options;
  const forwards = (["api", "smdp"] as const).map(
    (peer) => `guestfwd=tcp:${peers[peer].address}:443-cmd:socat -T60 STDIO TCP:127.0.0.1:${world.ports[peer]}`,
  );
  const second =
    secondDisk === undefined
      ? []
      : [
          ...["-drive", `file=${secondDisk},if=none,id=d1,format=raw,readonly=on`],
          ...["-device", "virtio-blk-pci,drive=d1,serial=second"],
        ];
  return [
    ...["-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max", "-smp", "2", "-m", "512"],
    ...["-nodefaults", "-display", "none", "-no-reboot", "-kernel", system.kernel, "-initrd", system.initrd],
    ...[
      "-append",
      "root=/dev/vda rw console=ttyS0,115200 quiet systemd.debug_shell=ttyS1 mitigations=off nokaslr panic=-1",
    ],
    ...["-drive", `file=${disk},if=none,id=d0,format=qcow2,cache=writeback`, "-device", "virtio-blk-pci,drive=d0"],
    ...second,
    // Nothing of the host is reached but the two services.
    ...["-netdev", `user,id=n0,restrict=on,${forwards.join(",")}`, "-device", "virtio-net-pci,netdev=n0,romfile="],
    ...["-device", "virtio-rng-pci", "-device", "qemu-xhci,id=xhci"],
    // The port is plugged in while the modem's socket is connected: a modem without power is none on the bus.
    ...["-chardev", `socket,path=${world.modemSocket},reconnect=1,id=m0`],
    ...["-device", "usb-serial,chardev=m0,id=modem0,bus=xhci.0,serial=MODEM0"],
    ...["-serial", `file:${consolePath}`, "-serial", `unix:${shellPath},server=on,wait=off`],
  ];
}

import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { majorOf, minorOf } from "../../src/serial/exclusive/holders.js";
import { eg25, FakeHost } from "../support/fake-host.js";

/** A host on which ModemManager runs and manages an EG25-G, and an mmcli that is a script. */

export const managerPid = 312;
export const usbUid = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1.2";

/** What the script does after it has noted its number and its words. */
export const mmcliAnswers = {
  agrees: "echo \"successfully inhibited device with uid '$1'\"; exec sleep 600",
  isSilent: "exec sleep 600",
  isStubborn: "trap '' TERM; while :; do sleep 0.05; done",
  isRefused:
    "echo \"error: couldn't inhibit device: 'GDBus.Error:org.freedesktop.ModemManager1.Error.Core.Unauthorized: PolicyKit authorization failed: not authorized for 'org.freedesktop.ModemManager1.Control''\" >&2; exit 1",
  knowsNoDevice: "echo \"error: couldn't inhibit device: 'No device found with uid'\" >&2; exit 1",
  diesSoon: 'echo "successfully inhibited device with uid"; exit 3',
} as const;

export class ManagedHost extends FakeHost {
  readonly port: string;
  readonly #bin: string;
  readonly #pty: string;

  constructor(pty: string) {
    super();
    this.#pty = pty;
    this.plug(eg25({ target: pty }));
    this.addProcess({ pid: 1, comm: "systemd" });
    this.port = this.node("ttyUSB2");
    this.#bin = join(this.dir, "bin");
    mkdirSync(this.#bin);
  }

  /** ModemManager runs, and has these ports open. */
  manager(open: readonly string[] = []): void {
    this.addProcess({ pid: managerPid, comm: "ModemManager", open });
  }

  /** Properties in udev's database: of the port, or of the USB device. */
  udev(of: "port" | "device", properties: readonly string[]): void {
    const { rdev } = statSync(this.#pty);
    const key = of === "port" ? `c${majorOf(rdev)}:${minorOf(rdev)}` : "+usb:1-1.2";
    const path = join(this.roots.run, "udev/data", key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, ["I:123", ...properties.map((line) => `E:${line}`), "V:1", ""].join("\n"));
  }

  mmcli(answer: string): void {
    const path = join(this.#bin, "mmcli");
    const notes = `echo "$*" > ${join(this.dir, "words")}; env > ${join(this.dir, "env")}; echo $$ > ${join(this.dir, "pid")}`;
    writeFileSync(path, `#!/bin/sh\n${notes}\n${answer}\n`);
    chmodSync(path, 0o755);
  }

  /** Folders of this host first; what the script needs is the machine's. */
  get env(): Readonly<Record<string, string>> {
    return { PATH: `${this.#bin}:/usr/bin:/bin`, ESIMD_API_SECRET: "not for mmcli" };
  }

  /** The words that mmcli was called with; undefined when it was not. */
  words(): string | undefined {
    const path = join(this.dir, "words");
    return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
  }

  mmcliEnv(): string {
    return readFileSync(join(this.dir, "env"), "utf8");
  }

  /** Is the mmcli that was called still there? */
  mmcliLives(): boolean {
    const path = join(this.dir, "pid");
    if (!existsSync(path) || readFileSync(path, "utf8") === "") return false;
    const stat = `/proc/${Number(readFileSync(path, "utf8"))}/stat`;
    // One that ended and that nobody asked about yet is a zombie (proc_pid_stat(5)).
    try {
      return !/\) Z /.test(readFileSync(stat, "utf8"));
    } catch {
      return false;
    }
  }
}

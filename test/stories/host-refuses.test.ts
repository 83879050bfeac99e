import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { endOf, endsAs } from "./conditions.js";
import { builtProgram, type Field, lastLine } from "./field.js";
import { inField } from "./in-field.js";

/** What the kernel itself says no to: no stub stands between esimd and open(2), ioctl_tty(2), write(2). */

const isRoot = process.getuid?.() === 0;
/** root passes over modes and TIOCEXCL; nobody does not. */
const nobody = 65_534;
const other = isRoot ? { uid: nobody, gid: nobody } : {};
/** A checkout in a home that is closed to others cannot be run by nobody. */
const runsAsOther = spawnSync(process.execPath, [builtProgram, "help"], { ...other, cwd: "/" }).status === 0;

interface Said {
  readonly status: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built program as a user without root's rights, on the port itself, since the field's folder is closed to others. */
async function asOther(field: Field, words: readonly string[]): Promise<Said> {
  const child = spawn(process.execPath, [builtProgram, ...words, "--port", portOf(field)], {
    ...other,
    cwd: "/",
    env: { PATH: process.env["PATH"], ESIMD_PROVIDER: "none", ESIMD_STATE_DIR: "/nonexistent/esimd" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
  });
  const [status] = await once(child, "close");
  return { status, stdout, stderr };
}

const portOf = (field: Field): string => realpathSync(field.world.port);

const findingsSchema = z.object({
  findings: z.array(z.object({ check: z.string(), code: z.string(), message: z.string(), hint: z.string() })),
});

describe.skipIf(!runsAsOther)("a port that the kernel does not open (skipped where nobody may not run esimd)", () => {
  it("for its mode is forbidden: exit 77, and the doctor says which mode and group it has", () =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      chmodSync(portOf(field), isRoot ? 0o600 : 0o000);
      const probed = await asOther(field, ["probe"]);
      expect(probed).toMatchObject({
        status: 77,
        stderr: expect.stringContaining(`${portOf(field)} may not be opened by this user`),
      });
      const consulted = await asOther(field, ["doctor", "--json"]);
      const { findings } = findingsSchema.parse(JSON.parse(lastLine(consulted.stdout)));
      expect(findings.find(({ check }) => check === "modem")).toMatchObject({
        code: "port_forbidden",
        message: expect.stringMatching(/may not be opened by this user: its mode is 0[06]00, its group /),
        hint: expect.stringContaining('SUBSYSTEM=="tty"'),
      });
      expect(field.world.modem.transcript.filter(({ from }) => from === "host")).toEqual([]);
    }));

  const hasPerl = spawnSync("perl", ["-e", "1"]).status === 0;
  it.skipIf(!hasPerl)("since another made it exclusive (TIOCEXCL) is busy: exit 75 (skipped without perl)", () =>
    inField({ dialect: "etsi-apdu" }, async (field) => {
      chmodSync(portOf(field), 0o666);
      const holder = await exclusive(portOf(field));
      try {
        const probed = await asOther(field, ["probe"]);
        expect(probed).toMatchObject({ status: 75, stderr: expect.stringContaining(`${portOf(field)} is held by `) });
        const consulted = await asOther(field, ["doctor", "--json"]);
        const { findings } = findingsSchema.parse(JSON.parse(lastLine(consulted.stdout)));
        expect(findings.map(({ code }) => code)).toContain("port_busy");
      } finally {
        const gone = once(holder, "close");
        holder.kill();
        await gone;
      }
    }),
  );
});

/** A process that has the port open and exclusive, as ModemManager does (TIOCEXCL is 0x540C, asm-generic/ioctls.h). */
async function exclusive(port: string): Promise<ChildProcess> {
  const script =
    'open(my $tty, "+<", $ARGV[0]) or die; ioctl($tty, 0x540C, 0) or die; syswrite(STDOUT, "ready\\n"); sleep';
  const holder = spawn("perl", ["-e", script, port], { ...other, cwd: "/", stdio: ["ignore", "pipe", "inherit"] });
  await Promise.race([once(holder.stdout, "data"), once(holder, "close")]);
  if (holder.exitCode !== null) throw new Error("the port could not be made exclusive");
  return holder;
}

describe("a disk that is full (ENOSPC of a tmpfs)", () => {
  /** A file system of 64 KiB; undefined where none may be mounted. */
  async function onSmallDisk(story: (folder: string) => Promise<void>): Promise<boolean> {
    const folder = await mkdtemp(join(tmpdir(), "esimd-small-"));
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status === 0;
    try {
      if (mounted) await story(folder);
      return mounted;
    } finally {
      if (mounted) spawnSync("umount", [folder]);
      await rm(folder, { recursive: true, force: true });
    }
  }

  it("is named by the doctor and ends a run before anything is paid (skipped where no tmpfs may be mounted)", async (test) => {
    const mounted = await onSmallDisk((folder) =>
      inField({ dialect: "etsi-apdu", lpa: "host" }, async (field) => {
        const state = join(folder, "state");
        await mkdir(state);
        await writeFile(join(folder, "filler"), Buffer.alloc(64 * 1024)).catch(() => undefined);
        const env = { ESIMD_STATE_DIR: state };
        const ended = await field.provision([], env);
        expect(endOf(ended)).toEqual(endsAs(74, "failed", "disk_full"));
        expect(field.charges()).toBe(0);
        const consulted = await field.esimd(["doctor", "--json", "--lpa", "host", "--port", field.world.port], env);
        const { findings } = findingsSchema.parse(JSON.parse(lastLine(consulted.stdout)));
        expect(findings).toMatchObject([{ check: "state-folder", code: "disk_full" }]);
      }),
    );
    if (!mounted) test.skip();
  });
});

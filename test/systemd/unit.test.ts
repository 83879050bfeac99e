import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { errorCodes, errorRegistry } from "../../src/base/error-registry.js";
import { inspectConfig, loadConfig } from "../../src/daemon/config/load.js";

const systemd = resolve(import.meta.dirname, "../../systemd");
const read = (name: string): string => readFileSync(join(systemd, name), "utf8");
const services = ["esimd.service", "esimd@.service", "esimd-first-boot.service"] as const;
const timer = "esimd-first-boot.timer";
const example = read("config.toml");

/** What docs/security.md has an operator put into `systemctl edit esimd`. */
const security = readFileSync(resolve(systemd, "../docs/security.md"), "utf8");
const dropIn = /```ini\n([\s\S]*?)```/.exec(security)?.[1] ?? "";

const folder = mkdtempSync(join(tmpdir(), "esimd-unit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every value of a setting in a unit, in order. */
function settings(unit: string, name: string): readonly string[] {
  return [...read(unit).matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);
}
const setting = (unit: string, name: string): string | undefined => settings(unit, name)[0];
const words = (values: readonly string[]): readonly string[] => values.flatMap((value) => value.split(" "));

const isThere = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;
const hasSystemdAnalyze = isThere("systemd-analyze");
/** As seconds; systemd.time(7) as far as the units use it. */
const seconds = (text: string | undefined): number => {
  const [, count = "", unit = ""] = /^(\d+)(s|min|h|d|)$/.exec(text ?? "") ?? [];
  return Number(count) * ({ s: 1, min: 60, h: 3600, d: 86_400 }[unit] ?? 1);
};

/** The units side by side as they are installed, with a program that exists: verify looks at the path of ExecStart=. */
function installed(): readonly string[] {
  const program = join(folder, "esimd");
  writeFileSync(program, "#!/bin/sh\n");
  chmodSync(program, 0o755);
  return [...services, timer].map((name) => {
    const path = join(folder, name);
    writeFileSync(path, read(name).replace("ExecStart=/usr/bin/esimd ", `ExecStart=${program} `));
    return path;
  });
}

/** What `systemd-analyze verify` says; before systemd 253 it has a word about OpenFile= in each unit, and that one is expected. */
function verified(paths: readonly string[]): { readonly status: number | null; readonly said: readonly string[] } {
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", ...paths], { encoding: "utf8" });
  const said = `${stdout}${stderr}`
    .split("\n")
    .filter((line) => line !== "" && !/Unknown key (name )?'OpenFile'/.test(line));
  return { status, said };
}

describe("the units", () => {
  it.skipIf(!hasSystemdAnalyze)("pass systemd-analyze verify without a word (skipped where there is none)", () => {
    expect(verified(installed())).toEqual({ status: 0, said: [] });
  });

  it.skipIf(!hasSystemdAnalyze)("fail it when one names what is not there (skipped likewise)", () => {
    installed();
    const path = join(folder, "esimd-broken.service");
    writeFileSync(path, read("esimd.service").replace("WatchdogSec=", "WatchdogSek="));
    expect(verified([path]).said.join("\n")).toMatch(/WatchdogSek/);
    rmSync(path);
  });

  it.skipIf(!hasSystemdAnalyze)(
    "take encrypted credentials by the drop-in of docs/security.md (skipped likewise)",
    () => {
      const [path = ""] = installed();
      mkdirSync(`${path}.d`);
      writeFileSync(join(`${path}.d`, "credentials.conf"), dropIn);
      const outcome = verified([path]);
      rmSync(`${path}.d`, { recursive: true });
      expect(outcome).toEqual({ status: 0, said: [] });
    },
  );

  it.skipIf(!hasSystemdAnalyze).each(services)("expose %s to 2.0 of 10 at most (skipped likewise)", (name) => {
    const path = installed().find((one) => one.endsWith(`/${name}`)) ?? "";
    const argv = ["security", "--offline=yes", "--threshold=20", "--no-pager", path];
    expect(() => execFileSync("systemd-analyze", argv, { stdio: "pipe" })).not.toThrow();
  });

  it("have the credentials by the names that esimd looks for, plain and in the drop-in", () => {
    const names = (text: string, key: string) =>
      [...text.matchAll(new RegExp(`^${key}=(.+)$`, "gm"))].map(([, id]) => id);
    for (const name of services) {
      // Callbacks are the daemon's business: a one shot is over before one comes.
      const more = name === "esimd-first-boot.service" ? [] : ["esimd_callback_secret"];
      expect(names(read(name), "LoadCredential")).toEqual(["esimd_api_key", "esimd_api_secret", ...more]);
    }
    expect(names(read("esimd.service"), "#LoadCredentialEncrypted")).toEqual(["esimd_api_key", "esimd_api_secret"]);
    expect(names(dropIn, "LoadCredentialEncrypted")).toEqual(["esimd_api_key", "esimd_api_secret"]);
  });

  it.each(services)("start %s again unless that is pointless or a person must decide", (name) => {
    expect(setting(name, "Restart")).toBe("on-failure");
    const prevented = new Set(words(settings(name, "RestartPreventExitStatus")).map(Number));
    expect(prevented).toEqual(new Set([64, 65, 77, 78, 79]));
    const wrong = errorCodes.filter((code) => {
      const { held, retry, exit } = errorRegistry[code];
      return held === true ? !prevented.has(exit) : retry !== "never" && prevented.has(exit);
    });
    expect(wrong).toEqual([]);
  });

  it.each(services)("let %s run as one user, whose group may look, in one sandbox without the JIT's end", (name) => {
    expect([setting(name, "User"), setting(name, "Group")]).toEqual(["esimd", "esimd"]);
    expect(setting(name, "DynamicUser")).toBeUndefined();
    expect([setting(name, "StateDirectory"), setting(name, "StateDirectoryMode")]).toEqual(["esimd", "0750"]);
    expect(setting(name, "MemoryDenyWriteExecute")).toBeUndefined();
    const sandboxOf = (unit: string) => /^DevicePolicy=[\s\S]*?^SystemCallFilter=~.*$/m.exec(read(unit))?.[0];
    expect(sandboxOf(name)).toBeDefined();
    expect(sandboxOf(name)).toBe(sandboxOf("esimd.service"));
  });

  it("have the drivers of the serial classes that they allow loaded before they start", () => {
    // systemd looks a class up in /proc/devices once, at the start; a boot in a machine showed the port shut (npm run vm). The template is
    // started by its device, whose driver is there.
    const driverOf: Readonly<Record<string, string | undefined>> = {
      "char-ttyUSB": "usbserial",
      "char-ttyACM": "cdc_acm",
      "char-wwan_port": "wwan",
      // Part of every kernel that has them.
      "char-ttyS": undefined,
      "char-ttyAMA": undefined,
    };
    for (const name of ["esimd.service", "esimd-first-boot.service"]) {
      const classes = settings(name, "DeviceAllow").map((value) => value.split(" ")[0] ?? "");
      expect(classes.toSorted()).toEqual(Object.keys(driverOf).toSorted());
      const loading = classes.flatMap((one) => driverOf[one] ?? []).map((driver) => `modprobe@${driver}.service`);
      expect(words(settings(name, "Wants"))).toEqual(expect.arrayContaining(loading));
      expect(words(settings(name, "After"))).toEqual(expect.arrayContaining(loading));
    }
  });

  it("are left as they are by a first boot's presets", () => {
    const rules = read("80-esimd.preset")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(rules).toEqual(["disable esimd*"]);
  });

  it("never run two of the three at once, whichever is started", () => {
    // Conflicts= holds in both directions (systemd.unit(5)), so that one of each pair names the other. A template can only name: nothing
    // can be said of all its instances.
    const conflicts = new Map(services.map((name) => [name, words(settings(name, "Conflicts"))]));
    const named = (one: string, other: string): boolean =>
      conflicts.get(one as (typeof services)[number])?.includes(other) ?? false;
    for (const [one, other] of [
      ["esimd@.service", "esimd.service"],
      ["esimd@.service", "esimd-first-boot.service"],
      ["esimd-first-boot.service", "esimd.service"],
    ] as const) {
      expect({ one, other, named: named(one, other) }).toEqual({ one, other, named: true });
      // With an order between them, the one that goes is gone before the other begins, whatever the order says.
      expect(words(settings(one, "After"))).toContain(other);
    }
    expect([...conflicts.values()].flat().filter((unit) => unit.includes("@"))).toEqual([]);
  });

  it("begin with the boot in one case only: esimd.service, which the package enables", () => {
    expect(settings("esimd.service", "WantedBy")).toEqual(["multi-user.target"]);
    for (const name of ["esimd@.service", "esimd-first-boot.service"]) {
      expect(read(name)).not.toMatch(/^(\[Install\]|WantedBy=|RequiredBy=|Before=)/m);
    }
    expect(settings(timer, "WantedBy")).toEqual(["timers.target"]);
  });
});

describe("the daemons' units", () => {
  const daemons = ["esimd.service", "esimd@.service"] as const;

  it("run the daemon: for every modem, and for the one that the instance names", () => {
    expect(setting("esimd.service", "ExecStart")).toBe("/usr/bin/esimd run");
    expect(setting("esimd@.service", "ExecStart")).toBe("/usr/bin/esimd run --modem %i");
    expect(setting("esimd@.service", "BindsTo")).toBe("dev-esimd-%i.device");
  });

  it.each(daemons)("let %s tell systemd how it stands, by the socket or by systemd-notify", (name) => {
    expect(setting(name, "Type")).toBe("notify");
    // The name is the one that esimd looks for; "graceful": no failure where there is no such socket.
    expect(setting(name, "OpenFile")).toBe("/run/systemd/notify:notify:graceful");
    expect(setting(name, "NotifyAccess")).toBe("all");
    expect(setting(name, "ExecReload")).toBe("/bin/kill -HUP $MAINPID");
  });

  it.each(daemons)("give %s time that suits a slow ARM board, and an end all the same", (name) => {
    expect(seconds(setting(name, "WatchdogSec"))).toBeGreaterThanOrEqual(60);
    expect(seconds(setting(name, "TimeoutStartSec"))).toBeGreaterThanOrEqual(60);
    // The first EXTEND_TIMEOUT_USEC comes with the stop itself; without one, a run's tidying is over long before.
    expect(seconds(setting(name, "TimeoutStopSec"))).toBeGreaterThanOrEqual(60);
  });

  it("keep the sockets of several instances apart", () => {
    expect(setting("esimd@.service", "RuntimeDirectory")).toBe("esimd/%i");
    expect(setting("esimd.service", "RuntimeDirectory")).toBe("esimd");
    // Else the end of esimd.service took the instances' folders with it.
    expect(setting("esimd.service", "RuntimeDirectoryPreserve")).toBe("yes");
  });
});

describe("esimd-first-boot", () => {
  const unit = "esimd-first-boot.service";
  const marker = "/var/lib/esimd/provisioned";

  it("is one shot with an end, above the run's own deadline", () => {
    expect(setting(unit, "Type")).toBe("oneshot");
    expect(setting(unit, "ExecStart")).toBe("/usr/bin/esimd provision --quiet");
    const { config } = loadConfig({ env: {}, files: [] });
    expect(seconds(setting(unit, "TimeoutStartSec")) * 1000).toBeGreaterThan(config.deadlineMs);
  });

  it("leaves a provisioned device alone: a mark that only a run at its goal sets", () => {
    expect(setting(unit, "ExecStartPost")).toBe(`/usr/bin/touch ${marker}`);
    for (const name of [unit, timer]) expect(setting(name, "ConditionPathExists")).toBe(`!${marker}`);
    expect(setting(unit, "RemainAfterExit")).toBe("yes");
    expect(setting(unit, "SuccessExitStatus")).toBe(String(errorRegistry.registration_missing.exit));
  });

  it("tries again with a pace, soon what passes and daily what a person must mend, by no clock that may be wrong", () => {
    expect(seconds(setting(unit, "RestartSec"))).toBeGreaterThanOrEqual(300);
    expect(seconds(setting(timer, "OnBootSec"))).toBeGreaterThan(0);
    expect(seconds(setting(timer, "OnUnitInactiveSec"))).toBe(86_400);
    expect(setting(timer, "OnCalendar")).toBeUndefined();
  });
});

describe("the user and its folders", () => {
  const hasSysusers = isThere("systemd-sysusers") && isThere("systemd-tmpfiles") && process.getuid?.() === 0;
  it.skipIf(!hasSysusers)("are made (skipped without systemd-sysusers, or root)", () => {
    const root = mkdtempSync(join(tmpdir(), "esimd-root-"));
    try {
      for (const name of ["etc", "run", "var"]) mkdirSync(join(root, name));
      execFileSync("systemd-sysusers", [`--root=${root}`, join(systemd, "sysusers.d/esimd.conf")], { stdio: "pipe" });
      const fields = (name: string) =>
        readFileSync(join(root, "etc", name), "utf8")
          .split("\n")
          .map((line) => line.split(":"));
      const user = fields("passwd").find(([name]) => name === "esimd") ?? [];
      expect(user.slice(5)).toEqual(["/var/lib/esimd", expect.stringMatching(/nologin$/)]);
      const groups = fields("group");
      expect(groups.find(([name]) => name === "esimd")?.[2]).toBe(user[3]);
      expect(groups.find(([name]) => name === "dialout")?.[3]).toBe("esimd");

      execFileSync("systemd-tmpfiles", ["--create", `--root=${root}`, join(systemd, "tmpfiles.d/esimd.conf")], {
        stdio: "pipe",
      });
      const modes = ["var/lib/esimd", "run/esimd"].map((path) => {
        const { mode, uid } = statSync(join(root, path));
        return { mode: (mode & 0o777).toString(8), uid: String(uid) };
      });
      expect(modes).toEqual([
        { mode: "750", uid: user[2] },
        { mode: "755", uid: user[2] },
      ]);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

describe("the example configuration", () => {
  const problemsOf = (text: string): readonly string[] => {
    const path = join(folder, "config.toml");
    writeFileSync(path, text);
    // Credentials from here: the example's secret files are not on this machine.
    const env = { CREDENTIALS_DIRECTORY: folder };
    for (const name of ["esimd_api_key", "esimd_api_secret"]) writeFileSync(join(folder, name), "abcdef");
    return inspectConfig({ env, files: [path] }).problems.map(({ message }) => message);
  };

  it("is one that esimd takes", () => {
    expect(problemsOf(example)).toEqual([]);
  });

  it("is one that esimd takes with every line in use", () => {
    const inUse = example.replace(/^#(?=[a-z_]+ = )/gm, "");
    expect(inUse).not.toBe(example);
    expect(problemsOf(inUse)).toEqual([]);
  });
});

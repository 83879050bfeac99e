import { z } from "zod";
import type { Machine } from "./machine.js";

/** What a person with ssh would look at in the machine, by the machine's shell. */

const unit = "esimd.service";

const statusSchema = z.looseObject({
  reports: z.array(
    z.looseObject({
      state: z.string(),
      changed: z.boolean(),
      iccid: z.string().nullable(),
      sim: z.looseObject({ status: z.string() }).nullable(),
    }),
  ),
});
export type GuestStatus = z.output<typeof statusSchema>;

/** `esimd status --json`; undefined while it does not answer with a status. */
export async function statusOf({ shell }: Machine): Promise<GuestStatus | undefined> {
  const { status, output } = await shell.try("/usr/bin/esimd status --json 2>/dev/null");
  if (status !== 0) return undefined;
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  return statusSchema.safeParse(parsed(last)).data;
}

export interface UnitView {
  readonly activeState: string;
  readonly subState: string;
  readonly mainPid: number;
  readonly restarts: number;
  readonly statusText: string;
  readonly watchdogMs: number;
  readonly result: string;
}

export async function unitOf({ shell }: Machine): Promise<UnitView> {
  const names = ["ActiveState", "SubState", "MainPID", "NRestarts", "StatusText", "WatchdogUSec", "Result"];
  const output = await shell.run(`systemctl show ${unit} --timestamp=unix -p ${names.join(",")}`);
  const fields = new Map(
    output.split("\n").map((line) => {
      const sign = line.indexOf("=");
      return [line.slice(0, sign), line.slice(sign + 1)] as const;
    }),
  );
  const text = (name: string): string => fields.get(name) ?? "";
  return {
    activeState: text("ActiveState"),
    subState: text("SubState"),
    mainPid: Number(text("MainPID")),
    restarts: Number(text("NRestarts")),
    statusText: text("StatusText"),
    watchdogMs: spanMs(text("WatchdogUSec")),
    result: text("Result"),
  };
}

/** systemd.time(7), as `systemctl show` prints it: `0`, `infinity`, `30s`, `1min 30s`. */
function spanMs(text: string): number {
  const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000 };
  return [...text.matchAll(/(\d+)(us|ms|s|min|h)\b/g)].reduce(
    (sum, [, count, name = ""]) => sum + Number(count) * (units[name] ?? 0),
    0,
  );
}

/** What `systemctl --failed` lists; empty is well. */
export async function failedUnits({ shell }: Machine): Promise<readonly string[]> {
  return firstWords(await shell.run("systemctl list-units --failed --plain --no-legend --no-pager"));
}

/** esimd's units that a boot, or a timer, starts. */
export async function enabledUnits({ shell }: Machine): Promise<readonly string[]> {
  return firstWords(await shell.run("systemctl list-unit-files 'esimd*' --state=enabled --no-legend --no-pager"));
}

function firstWords(output: string): readonly string[] {
  return output
    .split("\n")
    .map((line) => line.trim().split(/\s+/)[0] ?? "")
    .filter((word) => word !== "");
}

/** For who must find out why it went wrong; itself it never does. */
export async function lastWords({ shell, console: readConsole, ended }: Machine): Promise<string> {
  const console = (await readConsole()).trimEnd().split("\n").slice(-60).join("\n");
  if (ended.aborted) return `--- console\n${console}`;
  const commands = [
    `systemctl --no-pager --full status ${unit}`,
    "systemctl --failed --no-pager",
    `journalctl --no-pager -o short-monotonic -n 80 -u 'esimd*' -u systemd-udevd`,
    "ls -l /dev/serial/by-id/ /dev/ttyUSB0",
  ];
  const parts: string[] = [`--- console\n${console}`];
  for (const command of commands) {
    const said = await shell.try(command, 60_000).then(
      ({ output }) => output,
      (error: unknown) => String(error),
    );
    parts.push(`--- ${command}\n${said}`);
  }
  return parts.join("\n");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

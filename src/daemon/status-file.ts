import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readBounded } from "../base/bounded-read.js";
import { describeCause, EsimdError, isEsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import type { Disk } from "../provision/store/disk.js";
import { type Report, reportSchema } from "../report/schema.js";

/** The last report of each port, in the state folder: what `esimd status` shows when it is asked. */

/** A report has 2 kB. */
const maxReportBytes = 256 * 1024;
/** One for each port that was ever named. */
const maxReports = 256;

function statusFolder(stateDir: string): string {
  return join(stateDir, "status");
}

/** A port's name as a file's: everything but letters, digits, dots and hyphens becomes an underscore. */
export function statusFileName(port: string): string {
  return `${port
    .replace(/^[/.]+/, "")
    .replace(/[^A-Za-z0-9.-]+/g, "_")
    .slice(0, 120)}.json`;
}

/**
 * Keeps the last report of the port that the operator named, whatever the modem's port is called now. A report that cannot be written down
 * is still the result of the run: it is logged, and the run does not fail for it.
 */
export async function writeStatus(
  disk: Disk,
  stateDir: string,
  report: Report,
  log: Log,
  named = report.modem.port,
): Promise<void> {
  const folder = statusFolder(stateDir);
  try {
    await disk.makeFolder(folder);
    await disk.replace(join(folder, statusFileName(named)), `${JSON.stringify(report)}\n`);
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    log.error({ error }, "the status file cannot be written");
  }
}

/** The reports that are there, by port name; none when nothing has run yet. @throws EsimdError `state_unwritable`. */
export async function readStatus(stateDir: string): Promise<readonly Report[]> {
  const folder = statusFolder(stateDir);
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw new EsimdError("state_unwritable", `${folder} cannot be read: ${describeCause(cause)}`, { cause });
  }
  if (names.length > maxReports) {
    throw new EsimdError("bad_input", `${folder} has ${names.length} status files, more than ${maxReports}`, {
      hint: "Remove those of ports that are no longer used; the next run of each port writes its own again.",
    });
  }
  const reports: Report[] = [];
  for (const name of names) reports.push(await readReport(join(folder, name)));
  return reports;
}

async function readReport(path: string): Promise<Report> {
  let raw: unknown;
  try {
    raw = JSON.parse((await readBounded(path, maxReportBytes)).toString("utf8"));
  } catch (cause) {
    throw new EsimdError("bad_input", `the status file ${path} cannot be read: ${describeCause(cause)}`, { cause });
  }
  const report = reportSchema.safeParse(raw);
  if (report.success) return report.data;
  throw new EsimdError("bad_input", `the status file ${path} is not a report`, {
    hint: "Remove it; the next run writes a new one.",
  });
}

import type { ErrorCode } from "../../base/error-registry.js";
import { errorCodes } from "../../base/error-registry.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import type { Report } from "../../report/schema.js";
import { readStatus, statusFileName } from "../status-file.js";
import { type Check, type CheckName, type Facts, found, type Outcome, skipped, well } from "./check.js";

/**
 * What only a run can find out, such as a provider out of stock: how the last one ended. `others` are the codes that another check of
 * the table looks for by itself now, and better than a report of yesterday.
 */
export function lastRun(others: ReadonlySet<ErrorCode>, after: readonly CheckName[]): Check {
  return {
    name: "last-run",
    asks: "Did the last run of this modem end in a way that a person must decide, or that only another run can show to be over?",
    knows:
      "The status file, with its time. That a provider is out of stock (no_stock, its code 83500) shows only in the answer to a reservation, which costs money and is never made here: it is told as of the last run, and may be over.",
    codes: [],
    needs: ["configuration"],
    after,
    timeoutMs: 20_000,
    run: async ({ surroundings, facts }): Promise<Outcome> => {
      const { stateDir, modem } = surroundings.config;
      let reports: readonly Report[];
      try {
        reports = await readStatus(stateDir);
      } catch (error) {
        if (!isEsimdError(error)) throw error;
        if (error.code === "state_unwritable") return skipped(error.message);
        // The next run writes a report anew that cannot be read.
        return found(error, "warning");
      }
      const report = reportOf(reports, facts, modem.port);
      return report === undefined ? well("no run of this modem is known") : judgeReport(report, others);
    },
  };
}

/** The newest of this eUICC; without its EID, of this port. */
function reportOf(reports: readonly Report[], facts: Facts, named: string | undefined): Report | undefined {
  const ports = new Set([facts.port, named].filter((name) => name !== undefined).map(statusFileName));
  const own = reports.filter(({ eid, modem }) =>
    facts.eid !== undefined && eid !== null ? eid === facts.eid : ports.has(statusFileName(modem.port)),
  );
  return own.toSorted((one, other) => Date.parse(other.finishedAt) - Date.parse(one.finishedAt))[0];
}

/** Pure. */
export function judgeReport(report: Report, others: ReadonlySet<ErrorCode>): Outcome {
  const { error, state, finishedAt } = report;
  if (error === null || state === "provisioned") return well();
  const code = errorCodes.find((one) => one === error.code) ?? "unexpected";
  const held = state === "held";
  if (!held && (others.has(code) || code === "cancelled" || code === "deadline")) return well();
  const ended = held ? "is held: a person must decide" : "failed";
  const message = `the last run, which ended ${finishedAt}, ${ended}: ${error.message}`;
  return found(new EsimdError(code, message, { hint: error.hint }), held ? "error" : "warning");
}

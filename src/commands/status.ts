import { maskIdentifiers } from "../base/identifiers.js";
import type { Config } from "../daemon/config/config.js";
import { knownEids, recordsOf } from "../daemon/reservations/files.js";
import { readStatus } from "../daemon/status-file.js";
import { type Budget, budgetOf } from "../provision/budget.js";
import { type Charge, chargesOf } from "../provision/charges.js";
import { foldLedger } from "../provision/ledger.js";
import { realDisk } from "../provision/store/disk.js";
import type { Report } from "../report/schema.js";
import { budgetText, chargeJson, chargeName, outcomeText } from "./charges-text.js";
import type { Command } from "./command.js";
import { commonFlags, configFor, everyFlag } from "./common-flags.js";
import { oneLine } from "./failure.js";

/** `esimd status`: the last report of each port and what each eUICC cost, from the state folder. */
export const statusCommand: Command = {
  name: "status",
  summary: "show the last report of each modem, and what was paid",
  positionals: "",
  flags: commonFlags(...everyFlag),
  run: async (context, args) => {
    const { config } = configFor(context, args, { "api.provider": "none" });
    const port = args.text("port");
    const all = await readStatus(config.stateDir);
    const reports = all.filter(({ modem }) => port === undefined || modem.port === port);
    // With a port named, the ledgers of the eUICCs that were seen there.
    const known = await ledgersOf(config);
    const ledgers = known.filter(({ eid }) => port === undefined || reports.some((one) => one.eid === eid));
    if (args.has("json")) {
      context.stdout(`${JSON.stringify({ schema: "esimd.status/1", reports, ledgers: ledgers.map(ledgerJson) })}\n`);
      return 0;
    }
    if (reports.length === 0)
      context.stdout(
        `no run has ended yet${port === undefined ? "" : ` on ${port}`} (state folder ${config.stateDir})\n`,
      );
    for (const report of reports) context.stdout(statusLines(report));
    for (const ledger of ledgers) context.stdout(ledgerLines(ledger));
    return 0;
  },
};

/** What one eUICC cost, and why. */
interface Ledger {
  readonly eid: string;
  readonly trouble: string | undefined;
  /** Undefined while the ledger cannot be used. */
  readonly budget: Budget | undefined;
  readonly charges: readonly Charge[];
}

/** @throws EsimdError `state_unwritable`. */
async function ledgersOf({ stateDir, reservation }: Config): Promise<readonly Ledger[]> {
  const ledgers: Ledger[] = [];
  for (const eid of await knownEids(stateDir)) {
    const { entries, trouble } = await recordsOf(stateDir, eid, realDisk);
    const budget = entries === undefined ? undefined : budgetOf(foldLedger(entries), [], reservation);
    ledgers.push({ eid, trouble, budget, charges: chargesOf(entries ?? []) });
  }
  // A ledger in which nothing stands says nothing: provider none, or a run that came not so far.
  return ledgers.filter(({ charges, trouble }) => charges.length > 0 || trouble !== undefined);
}

function ledgerJson({ eid, trouble, budget, charges }: Ledger): object {
  return { eid, trouble: trouble ?? null, budget: budget ?? null, charges: charges.map(chargeJson) };
}

function ledgerLines({ eid, trouble, budget, charges }: Ledger): string {
  const state = budget === undefined ? `the ledger cannot be used: ${oneLine(trouble ?? "")}` : budgetText(budget);
  const lines = charges.map(
    (charge) => `    ${charge.at}  ${chargeName(charge)}  ${outcomeText(charge)}  ${oneLine(charge.why)}\n`,
  );
  return `paid for EID ${maskIdentifiers(eid)}: ${state}\n${lines.join("")}`;
}

function statusLines(report: Report): string {
  const { modem, error } = report;
  const eid = report.eid === null ? "EID unknown" : `EID ${maskIdentifiers(report.eid)}`;
  const head = `${modem.port}  ${report.state}  ${eid}  ${report.finishedAt}\n`;
  return error === null
    ? head
    : `${head}    ${error.message} (${error.code}; acts: ${error.actor})\n    ${error.hint}\n`;
}

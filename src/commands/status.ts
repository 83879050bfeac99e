import { isEsimdError } from "../base/errors.js";
import { maskIdentifiers } from "../base/identifiers.js";
import type { Config } from "../daemon/config/config.js";
import type { DaemonForm, ModemForm } from "../daemon/control/forms.js";
import { allBatches, type BatchesCost, costOf } from "../daemon/reservations/batches.js";
import { knownEids, recordsOf } from "../daemon/reservations/files.js";
import { readStatus } from "../daemon/status-file.js";
import { type Budget, budgetOf } from "../provision/budget.js";
import { type Charge, chargesOf } from "../provision/charges.js";
import { foldLedger } from "../provision/ledger.js";
import { realDisk } from "../provision/store/disk.js";
import type { Report } from "../report/schema.js";
import { budgetText, chargeJson, chargeName, costJson, costText, outcomeText } from "./charges-text.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags, configFor, everyFlag } from "./common-flags.js";
import { chosenModems, type DaemonLook, lookAtDaemon } from "./daemon-call.js";
import { failureText, oneLine } from "./failure.js";
import { activityText, activityTimes, reportText, troubleLines } from "./modem-text.js";

/** `esimd status`: what the daemon does, or without one how the last runs ended; and what each eUICC cost, from the state folder. */
export const statusCommand: Command = {
  name: "status",
  summary: "show what the daemon does, how each modem's last run ended, and what was paid",
  positionals: "",
  flags: {
    ...commonFlags(...everyFlag),
    modem: { type: "string", value: "NAME", help: "Only the modem that the daemon serves under this name." },
  },
  run: async (context, args) => {
    const { config } = configFor(context, args, { "api.provider": "none" });
    const named = { name: args.text("modem"), port: args.text("port") };
    // Without the daemon a name is its file's port.
    const port = named.port ?? (named.name === undefined ? undefined : config.modem.port);
    const look = await lookAtDaemon(context, config);
    const modems = look.kind === "runs" ? chosenModems(look.status, named) : [];
    if (look.kind !== "runs") sayWithout(context, args, look);
    const reports =
      look.kind === "runs"
        ? modems.flatMap(({ report }) => report ?? [])
        : (await readStatus(config.stateDir)).filter(({ modem }) => port === undefined || modem.port === port);
    // With a modem named, the ledgers of the eUICCs that were seen there.
    const isNamed = named.name !== undefined || named.port !== undefined;
    const known = await readableLedgers(context, config, look);
    const ledgers = known.filter(({ eid }) => !isNamed || reports.some((one) => one.eid === eid));
    const batches = isNamed ? undefined : await batchesCost(config, look);
    if (args.has("json")) {
      const daemon = look.kind === "runs" ? daemonJson(look.status) : null;
      const result = {
        schema: "esimd.status/1",
        daemon,
        modems,
        reports,
        ledgers: ledgers.map(ledgerJson),
        ...(batches !== undefined && batches.batches > 0 ? { batches: costJson(batches) } : {}),
      };
      context.stdout(`${JSON.stringify(result)}\n`);
      return 0;
    }
    const place = port === undefined ? "" : ` on ${port}`;
    if (look.kind === "runs") {
      context.stdout(daemonLine(look.status));
      if (modems.length === 0) context.stdout(`it serves no modem${place}\n`);
      for (const modem of modems) context.stdout(modemLines(modem));
    } else {
      if (reports.length === 0) context.stdout(`no run has ended yet${place} (state folder ${config.stateDir})\n`);
      for (const report of reports) context.stdout(statusLines(report));
    }
    for (const ledger of ledgers) context.stdout(ledgerLines(ledger));
    if (batches !== undefined && batches.batches > 0) context.stdout(costText(batches));
    return 0;
  },
};

/** What follows is the state folder's word, which may be old. */
function sayWithout(context: CommandContext, args: ParsedArgs, look: Exclude<DaemonLook, { kind: "runs" }>): void {
  if (args.has("quiet") || args.has("json")) return;
  if (look.kind === "absent") {
    const where = look.path === undefined ? "" : ` on ${look.path}`;
    context.stderr(`no daemon answers${where}; this is how the last runs ended\n`);
  } else context.stderr(`${failureText(look.error)}  What follows is how the last runs ended.\n`);
}

function daemonJson({ version, pid, since, phase }: DaemonForm): object {
  return { version, pid, since, phase };
}

function daemonLine({ version, pid, since, phase }: DaemonForm): string {
  return `esimd ${oneLine(version)}, process ${pid}, ${phase}, since ${since}\n`;
}

function modemLines(modem: ModemForm): string {
  const { name, port, path, report } = modem;
  const places = [...new Set([port, path ?? port])].filter((place) => place !== name);
  const where = places.length === 0 ? "" : ` (${oneLine(places.join(", now "))})`;
  const last = report === null ? "" : `    last run: ${reportText(report)}\n${troubleLines(report)}`;
  return `${oneLine(name)}${where}  ${activityText(modem)}\n    ${activityTimes(modem)}\n${last}`;
}

/** What one eUICC cost, and why. */
interface Ledger {
  readonly eid: string;
  readonly trouble: string | undefined;
  /** Undefined while the ledger cannot be used. */
  readonly budget: Budget | undefined;
  readonly charges: readonly Charge[];
}

/** Who may ask the daemon need not be allowed to read its state folder; then that is said, and the rest is shown. */
async function readableLedgers(
  context: CommandContext,
  config: Config,
  { kind }: DaemonLook,
): Promise<readonly Ledger[]> {
  try {
    return await ledgersOf(config);
  } catch (error) {
    if (kind !== "runs" || !isEsimdError(error)) throw error;
    context.stderr(failureText(error));
    return [];
  }
}

/** As for the ledgers, whose trouble was said already. */
async function batchesCost({ stateDir }: Config, { kind }: DaemonLook): Promise<BatchesCost | undefined> {
  try {
    return costOf(await allBatches(stateDir, realDisk));
  } catch (error) {
    if (kind !== "runs" || !isEsimdError(error)) throw error;
    return undefined;
  }
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
  return `${report.modem.port}  ${reportText(report)}\n${troubleLines(report)}`;
}

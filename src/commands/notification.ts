import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import {
  findOwed,
  listOwed,
  type OwedNotification,
  processNotifications,
  removeNotification,
  type ToldNotification,
} from "../daemon/profiles/notifications.js";
import type { LockedEuicc } from "../daemon/profiles/session.js";
import { readOutbox } from "../provision/outbox.js";
import { paymentOf } from "../provision/paid.js";
import type { Command } from "./command.js";
import { callEuicc, type EuiccCall, euiccFlags, showResult, wordsOf } from "./euicc-call.js";
import { failureText, oneLine } from "./failure.js";
import { askYesNo, canAsk } from "./prompt.js";
import { tableOf } from "./text-table.js";

type Action = (call: EuiccCall) => Promise<number>;

const actions: Readonly<Record<string, Action>> = { list, process, remove };

/** `esimd notification …`: what the eUICC still has to tell its SM-DP+s. */
export const notificationCommand: Command = {
  name: "notification",
  summary: "what the eUICC still has to tell its SM-DP+s: list, deliver, remove",
  positionals: "list|process [SEQ…]|remove SEQ",
  flags: {
    ...euiccFlags,
    irrevocable: {
      type: "boolean",
      help: "remove: also the install result of a profile that was paid for, or may have been.",
    },
  },
  run: (context, args) => {
    const [name] = args.positionals;
    const action = name !== undefined && Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action !== undefined) return callEuicc(context, args, action);
    throw new EsimdError(
      "usage",
      name === undefined
        ? "notification: say list, process or remove"
        : `notification: there is no ${quote(name)}; say list, process or remove`,
      { hint: "See `esimd help notification`." },
    );
  },
};

async function list(call: EuiccCall): Promise<number> {
  wordsOf("notification", call.args, []);
  call.progress.state("listing", "Reading the eUICC's notifications.");
  const { port, eid, owed } = await call.look(async (euicc) => {
    const view = await euicc.view();
    const outbox = view === undefined ? [] : readOutbox(view.journal);
    return { port: euicc.port, eid: euicc.eid, owed: await listOwed(euicc, outbox, call.signal) };
  });
  const text =
    owed.length === 0
      ? "there is nothing to tell\n"
      : tableOf(["SEQ", "OPERATION", "ICCID", "ADDRESS", "KEPT BY"], owed.map(rowOf));
  showResult(call, { schema: "esimd.notifications/1", port, eid, notifications: owed.map(jsonOf) }, text);
  return 0;
}

async function process(call: EuiccCall): Promise<number> {
  const [, ...words] = call.args.positionals;
  const wanted = words.map(seqOf);
  const { port, eid, results } = await call.change(async (euicc) => {
    call.progress.state("telling", "Telling the SM-DP+s what there is to tell.");
    const results = await processNotifications(euicc, wanted, call.signal);
    return { port: euicc.port, eid: euicc.eid, results };
  });
  const told = results.filter((one) => one.told).length;
  const failure = results.find(({ error }) => error !== undefined)?.error;
  const result = {
    schema: "esimd.notifications-processed/1",
    port,
    eid,
    changed: told > 0,
    notifications: results.map(toldJson),
  };
  const text = results.map(toldText).join("");
  showResult(call, result, text === "" ? "there is nothing to tell\n" : text);
  if (failure === undefined) return 0;
  call.context.stderr(failureText(failure));
  return failure.exitStatus;
}

async function remove(call: EuiccCall): Promise<number> {
  const [word = ""] = wordsOf("notification", call.args, ["SEQ"]);
  const seqNumber = seqOf(word);
  return call.change(async (euicc) => {
    const owed = await listOwed(euicc, readOutbox(euicc.store.journal), call.signal);
    const entry = findOwed(owed, seqNumber);
    await requireConsent(call, euicc, entry);
    await removeNotification(euicc, seqNumber, call.signal);
    const { port, eid } = euicc;
    const result = { schema: "esimd.notification-removed/1", port, eid, changed: true, notification: jsonOf(entry) };
    showResult(call, result, `notification ${seqNumber} is removed and will not be told\n`);
    return 0;
  });
}

/** What is removed is never told: an SM-DP+ that waits for an install result would keep an order of a paid profile open for ever. */
async function requireConsent(call: EuiccCall, euicc: LockedEuicc, entry: OwedNotification): Promise<void> {
  const { context, args, progress, signal } = call;
  const what = `notification ${entry.seqNumber} (${operationText(entry)})`;
  if (!args.has("irrevocable") && (await isResultOfPaid(euicc, entry, signal))) {
    throw new EsimdError(
      "not_confirmed",
      `${what} may tell the SM-DP+ that a profile was installed that was paid for, or may have been; nothing was removed`,
      { hint: "Deliver it with `esimd notification process`, or give --irrevocable as well." },
    );
  }
  if (args.has("yes")) return;
  if (canAsk(context)) {
    progress.done();
    if (await askYesNo(context, `Remove ${what}? It is never told then.`, signal)) return;
  }
  throw new EsimdError("not_confirmed", `${what} would never be told, and removing it was not confirmed`, {
    hint: "Give --yes, or answer the question on a terminal.",
  });
}

/** The kind of one that only the outbox has is not known; and one without an ICCID may be of any profile. */
async function isResultOfPaid(
  euicc: LockedEuicc,
  { operation, iccid }: OwedNotification,
  signal: AbortSignal,
): Promise<boolean> {
  if (operation !== undefined && operation !== "install") return false;
  if (iccid === undefined) return true;
  const profiles = await euicc.lpa.describeProfiles(signal);
  const profileClass = profiles.find((profile) => profile.iccid === iccid)?.profileClass;
  return paymentOf({ iccid, profileClass }, await euicc.view()) !== "not-paid";
}

/** @throws EsimdError `usage`. */
function seqOf(word: string): number {
  if (/^\d{1,10}$/.test(word)) return Number(word);
  throw new EsimdError("usage", `notification: ${quote(word)} is not a sequence number`, {
    hint: "`esimd notification list` shows the numbers.",
  });
}

function operationText({ operation }: OwedNotification): string {
  return operation ?? "unknown";
}

function keepersOf({ onEuicc, inOutbox }: OwedNotification): string {
  return [...(onEuicc ? ["eUICC"] : []), ...(inOutbox ? ["outbox"] : [])].join(", ");
}

function rowOf(entry: OwedNotification): readonly string[] {
  const { seqNumber, iccid, address } = entry;
  return [String(seqNumber), operationText(entry), iccid ?? "-", oneLine(address), keepersOf(entry)];
}

function jsonOf({ seqNumber, operation, iccid, address, onEuicc, inOutbox }: OwedNotification): object {
  return { seqNumber, operation: operation ?? null, iccid: iccid ?? null, address, onEuicc, inOutbox };
}

function toldJson(entry: ToldNotification): object {
  const { told, error } = entry;
  return { ...jsonOf(entry), told, error: error === undefined ? null : { code: error.code, message: error.message } };
}

function toldText(entry: ToldNotification): string {
  const { seqNumber, address, told, error } = entry;
  const what = `${seqNumber} (${operationText(entry)}) to ${oneLine(address)}`;
  if (told) return `${what}: told\n`;
  return `${what}: ${error === undefined ? "waits behind another" : `not taken (${error.code})`}\n`;
}

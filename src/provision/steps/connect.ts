import { EsimdError, isEsimdError } from "../../base/errors.js";
import { maskIdentifiers } from "../../base/identifiers.js";
import { opensIsdR, readEidFromCardPatiently } from "../../lpa/card.js";
import { type EidReading, readEid } from "../../lpa/open.js";
import type { Dialect } from "../../modem/dialects/dialect.js";
import { type ModemIdentity, readIdentity } from "../../modem/identity.js";
import { inOtherSlot, switchToSlot } from "../../modem/slot.js";
import { chargesOf } from "../ledger.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";
import { resumeTrial } from "./trial.js";

export async function connect(run: Run, signal: AbortSignal): Promise<EventName> {
  run.facts.line = await run.parts.connect(signal);
  return "connected";
}

/** Who is there: modem, dialect, eUICC. Nothing is paid for an EID that two ways tell differently. */
export async function identify(run: Run, signal: AbortSignal): Promise<EventName> {
  const { parts, facts } = run;
  const line = need(run, "line");
  facts.identity = await readIdentity(line, signal);
  const { dialect, eid, from } = await findEuicc(run, facts.identity, signal);
  facts.dialect = dialect;
  if (from === "dialect") await crossCheckEid(run, eid, signal);
  const { expectedEid } = parts.policy;
  if (expectedEid !== undefined && expectedEid !== eid) {
    throw new EsimdError(
      "eid_mismatch",
      `the eUICC's EID is ${maskIdentifiers(eid)}, and ${maskIdentifiers(expectedEid)} was expected; nothing was reserved`,
    );
  }
  facts.eid = eid;
  if (dialect === undefined) {
    const { vendor = "unknown vendor", model = "unknown model" } = facts.identity;
    throw new EsimdError("modem_unknown", `the modem ${vendor} ${model} has no LPA that esimd can drive`);
  }
  facts.lpa = await parts.openLpa(line, dialect, facts.identity, signal);
  facts.store = await parts.openStore(eid);
  await parts.gate?.admit({ eid, imei: facts.identity.imei, charges: chargesOf(facts.store.money()) }, signal);
  const next = await resumeTrial(run, signal);
  if (next !== "identified") return next;
  const { address, set } = parts.policy.defaultSmdp;
  return address !== undefined && set !== "never" ? "to-address" : "identified";
}

interface FoundEuicc extends EidReading {
  readonly dialect: Dialect | undefined;
}

/** Looks for the eUICC; where the modem's own LPA keeps it from ours, frees it first, if that is allowed. */
async function findEuicc(run: Run, identity: ModemIdentity, signal: AbortSignal): Promise<FoundEuicc> {
  const { parts, facts } = run;
  const line = need(run, "line");
  const dialect = await parts.detect(line, identity, signal);
  const { simSlot } = parts.policy;
  if (simSlot !== undefined && (await switchToSlot(line, dialect, simSlot, parts.log, signal))) facts.changed = true;
  const lpaSwitch = dialect?.lpaSwitch;
  if (parts.takeIsdR !== undefined && lpaSwitch !== undefined && !(await opensIsdR(line, signal))) {
    parts.log.warn(
      { setting: lpaSwitch.name },
      "the modem's own LPA keeps the eUICC to itself; it is switched off now",
    );
    if (await parts.takeIsdR(line, lpaSwitch, signal)) facts.changed = true;
  }
  try {
    return { dialect, ...(await readEid(line, dialect, signal)) };
  } catch (error) {
    if (!isEsimdError(error, "no_euicc")) throw error;
    throw await inOtherSlot(line, dialect, error, signal);
  }
}

/** The modem's word for the EID is checked against the eUICC's own, where the modem gives a way to it. */
async function crossCheckEid(run: Run, eid: string, signal: AbortSignal): Promise<void> {
  const fromCard = await readEidFromCardPatiently(need(run, "line"), signal);
  if (fromCard === undefined || fromCard === eid) return;
  throw new EsimdError(
    "eid_mismatch",
    `the modem says that the EID is ${maskIdentifiers(eid)}, the eUICC itself says ${maskIdentifiers(fromCard)}; nothing was reserved`,
    {
      hint: "Restart the modem; if it stays, its firmware answers for another card, and only the vendor can mend that.",
    },
  );
}

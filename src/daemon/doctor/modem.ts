import { EsimdError, isEsimdError } from "../../base/errors.js";
import { detectDialect } from "../../modem/detect.js";
import { ask, type ModemLine } from "../../modem/exchange.js";
import { readIdentity } from "../../modem/identity.js";
import { readPinState } from "../../modem/sim-status.js";
import { readModemClock } from "../../modem/surroundings.js";
import { loadCatalogue } from "../dialect-files.js";
import { connectModem } from "../modem-session.js";
import { type Check, type Examination, found, type Outcome, well } from "./check.js";
import { ttyOf } from "./holder.js";
import { explainForbidden } from "./permission.js";
import { withPortsFound } from "./port.js";

/** The modem itself, on one line that the checks share. Nothing is set on it but the form of its answers. */

export const modem: Check = {
  name: "modem",
  asks: "Can the port be opened, and does a modem answer AT on it?",
  knows:
    "What a run meets when it opens the port. What came in place of an answer tells some wrong ports (GNSS, diagnostic, console, debug) from a silent modem.",
  codes: [
    "port_busy",
    "port_forbidden",
    "port_missing",
    "serial_io",
    "serial_gone",
    "wrong_port",
    "modem_silent",
    "modem_protocol",
  ],
  needs: ["port", "holder", "modem-manager"],
  after: [],
  timeoutMs: ({ config }) => config.modem.wakeWaitMs + 60_000,
  run: async (examination, signal): Promise<Outcome> => {
    const { surroundings, facts } = examination;
    const { clock, random, log, open, host, config } = surroundings;
    const parts = { clock, random, log, open, host, wakeMs: config.modem.wakeWaitMs };
    try {
      const line = await connectModem(facts.port ?? "", parts, signal);
      facts.line = line;
      facts.modemClockMs = await readModemClock(line, signal);
      return well();
    } catch (error) {
      if (!isEsimdError(error)) throw error;
      throw await explained(error, examination);
    }
  },
};

async function explained(error: EsimdError, examination: Examination): Promise<EsimdError> {
  const device = ttyOf(examination);
  switch (error.code) {
    case "port_forbidden":
      return device === undefined ? error : explainForbidden(error, device, examination.surroundings.accounts);
    case "wrong_port":
    case "modem_silent":
    case "port_missing":
      return device === undefined ? error : withPortsFound(error, examination.facts.ports);
    default:
      return error;
  }
}

export const dialect: Check = {
  name: "dialect",
  asks: "Does the modem speak a dialect that esimd knows?",
  knows:
    "The dialect's own commands, asked one after another. A modem of no known dialect will do, too, if it gives raw access to the card. Where no eUICC answers, its answers to AT+CSIM and AT+CCHO tell whether it gives none, or whether there is no eUICC.",
  codes: ["modem_unknown", "config_invalid", "dialect_invalid"],
  needs: ["modem"],
  after: [],
  timeoutMs: 180_000,
  run: async ({ surroundings, facts }, signal): Promise<Outcome> => {
    const line = lineOf(facts.line);
    const { dialects, dialect: wanted } = surroundings.config.modem;
    const identity = await readIdentity(line, signal);
    facts.dialect = await detectDialect(line, wanted, await loadCatalogue(dialects), identity, signal);
    if (facts.dialect !== undefined || (await givesCardAccess(line, signal))) return well();
    const { vendor = "of an unknown vendor", model = "of an unknown model" } = identity;
    return found(
      new EsimdError(
        "modem_unknown",
        `the modem ${vendor} ${model} speaks no dialect that esimd knows and gives no access to its card (it refuses AT+CSIM and AT+CCHO)`,
        {
          hint: "Use a modem that offers AT+CCHO, AT+CGLA and AT+CCHC, or AT+CSIM; or describe its own LPA in a dialect file (docs/dialects.md).",
        },
      ),
    );
  },
};

/**
 * Whether the modem knows the commands of raw card access, whatever is in the slot: a STATUS on the basic channel changes nothing
 * (ETSI TS 102 221 11.1.2), and a modem without a card says so by number (TS 27.007 9.2.1) in place of not knowing the command.
 */
async function givesCardAccess(line: ModemLine, signal: AbortSignal): Promise<boolean> {
  for (const [text, prefix] of [
    ['AT+CSIM=10,"80F2000000"', "+CSIM"],
    ["AT+CCHO=?", "+CCHO"],
  ] as const) {
    try {
      const { result } = await ask(line, { text, answer: { kind: "prefix", prefix }, timeoutMs: 5_000 }, signal);
      if (result.kind === "ok" || (result.kind === "cme" && simTrouble.has(result.number ?? 0))) return true;
    } catch (error) {
      // Some modems say nothing at all to a form that they do not know (lpac #64).
      if (signal.aborted || !isEsimdError(error, "modem_silent")) throw error;
    }
  }
  return false;
}

/** Not inserted, PIN, PUK, failure, busy, wrong. */
const simTrouble: ReadonlySet<number> = new Set([10, 11, 12, 13, 14, 15]);

export const sim: Check = {
  name: "sim",
  asks: "Does the enabled profile ask for a PIN?",
  knows: "AT+CPIN?. A slot that is empty, and an eUICC without an enabled profile, are no fault here.",
  codes: ["sim_locked"],
  needs: ["dialect"],
  after: [],
  timeoutMs: 60_000,
  run: async ({ facts }, signal): Promise<Outcome> => {
    const state = await readPinState(lineOf(facts.line), signal);
    if (state !== "pin" && state !== "puk") return well();
    const message = `the SIM in the active slot asks for its ${state.toUpperCase()}`;
    return found(new EsimdError("sim_locked", message));
  },
};

/** @throws EsimdError when the check that opens the line is not among those that this one needs. */
export function lineOf(line: ModemLine | undefined): ModemLine {
  if (line !== undefined) return line;
  throw new EsimdError("unexpected", "a check of the modem runs without a line to it");
}

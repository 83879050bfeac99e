/** Commands about the line itself: V.250 and the general ones of TS 27.007, clause 5 and 9. */

import { incorrectParameters, ok, plainError } from "../answers.js";
import { type CommandForms, type CommandTable, fixed, type Handler, numberAt } from "../command-set.js";
import type { ModemStyle } from "../dialects/style.js";
import type { LineRate } from "../line-rate.js";
import type { PortSettings } from "../settings.js";

export interface ModemIdentity {
  readonly manufacturer: string;
  readonly model: string;
  readonly revision: string;
}

export interface BasicParts {
  readonly settings: PortSettings;
  readonly identity: ModemIdentity;
  readonly style: Pick<ModemStyle, "identity" | "labelledInformation">;
  readonly imei: string;
  readonly lineRate: LineRate;
  /** Takes effect once the answer is on the line (V.250 6.2.10). */
  readonly setRate: (rate: number) => void;
}

/** A basic command whose number is 0 or 1; without a number it is 0 (V.250 5.3.1). */
function toggle(set: (on: boolean) => void): Handler {
  return (parameters) => {
    const value = parameters.length === 0 ? 0 : numberAt(parameters, 0, 0, 1);
    if (value === undefined) return plainError;
    set(value === 1);
    return ok();
  };
}

export function basicCommands(parts: BasicParts): CommandTable {
  const { settings, identity, style, imei, lineRate, setRate } = parts;
  const identityForms = (name: string, value: string): CommandForms =>
    style.identity === "bare"
      ? { execute: fixed(value), test: fixed() }
      : // With a read form, too (FM350).
        { execute: fixed(`${name}: "${value}"`), read: fixed(`${name}: "${value}"`), test: fixed() };
  const label = (name: string): string => (style.labelledInformation ? `${name}: ` : "");
  const reset: Handler = () => {
    settings.reset();
    return ok();
  };
  const setCmee: Handler = (parameters) => {
    const value = numberAt(parameters, 0, 0, 2);
    if (parameters.length !== 1 || (value !== 0 && value !== 1 && value !== 2)) return incorrectParameters;
    settings.cmee = value;
    return ok();
  };
  return {
    "": { execute: fixed() },
    E: {
      execute: toggle((on) => {
        settings.echo = on;
      }),
    },
    V: {
      execute: toggle((on) => {
        settings.verbose = on;
      }),
    },
    Z: { execute: reset },
    "&F": { execute: reset },
    I: {
      execute: () =>
        ok(
          `${label("Manufacturer")}${identity.manufacturer}`,
          `${label("Model")}${identity.model}`,
          `Revision: ${identity.revision}`,
        ),
    },
    "+CMEE": {
      read: () => ok(`+CMEE: ${settings.cmee}`),
      test: fixed("+CMEE: (0-2)"),
      set: setCmee,
    },
    "+CGMI": identityForms("+CGMI", identity.manufacturer),
    "+CGMM": identityForms("+CGMM", identity.model),
    "+CGMR": identityForms("+CGMR", identity.revision),
    "+CGSN": identityForms("+CGSN", imei),
    "+GSN": { execute: fixed(imei), test: fixed() },
    "+GMI": { execute: fixed(identity.manufacturer) },
    "+GMM": { execute: fixed(identity.model) },
    "+GMR": { execute: fixed(identity.revision) },
    "+CSCS": { read: fixed('+CSCS: "GSM"'), test: fixed('+CSCS: ("GSM","IRA","UCS2")') },
    "&W": {
      execute: () => {
        lineRate.keep();
        return ok();
      },
    },
    "+IPR": {
      read: () => ok(`+IPR: ${lineRate.current}`),
      test: () => ok(`+IPR: (),(${lineRate.rates.join(",")})`),
      set: (parameters) => {
        const rate = numberAt(parameters, 0, 1, 12_000_000);
        if (parameters.length !== 1 || rate === undefined || !lineRate.rates.includes(rate)) return incorrectParameters;
        return { ...ok(), after: () => setRate(rate) };
      },
    },
  };
}

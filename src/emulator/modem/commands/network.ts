/** Commands about the radio and its network: TS 27.007, clauses 7, 8.2, 8.5, 8.15, 8.40, 8.41 and 10.1. */

import { incorrectParameters, ok } from "../answers.js";
import { type CommandForms, type CommandTable, fixed, type Handler, numberAt, stringAt } from "../command-set.js";
import type { ModemStyle } from "../dialects/style.js";
import type { ModemClock } from "../modem-clock.js";
import type { Registration } from "../registration.js";
import { type PortSettings, type RegistrationCommand, registrationCommands } from "../settings.js";

export interface NetworkParts {
  readonly modemClock: ModemClock;
  readonly settings: PortSettings;
  readonly registration: Registration;
  readonly style: Pick<ModemStyle, "signal">;
}

export function networkCommands(parts: NetworkParts): CommandTable {
  const { modemClock, settings, registration, style } = parts;
  const report = (command: RegistrationCommand): CommandForms => ({
    read: () => ok(registration.describe(command)),
    test: fixed(`${command}: (0-2)`),
    set: (parameters) => {
      const value = numberAt(parameters, 0, 0, 2);
      if (parameters.length !== 1 || (value !== 0 && value !== 1 && value !== 2)) return incorrectParameters;
      settings.registrationReports[command] = value;
      return ok();
    },
  });
  return {
    ...Object.fromEntries(registrationCommands.map((command) => [command, report(command)])),
    "+CSQ": {
      execute: () => ok(registration.isRegistered && style.signal === "csq" ? "+CSQ: 21,99" : "+CSQ: 99,99"),
      test: fixed("+CSQ: (0-31,99),(0-7,99)"),
    },
    // Received power in every second place, then LTE's RSRQ and RSRP (TS 27.007 8.69).
    "+CESQ": {
      execute: () => ok(registration.isRegistered ? "+CESQ: 99,99,255,255,20,54" : "+CESQ: 99,99,255,255,255,255"),
      test: fixed("+CESQ: (0-63,99),(0-7,99),(0-96,255),(0-49,255),(0-34,255),(0-97,255)"),
    },
    "+COPS": { read: () => ok(registration.isRegistered ? '+COPS: 0,0,"Test PLMN 1-1",7' : "+COPS: 0") },
    "+CCLK": {
      read: () => ok(`+CCLK: "${modemClock.text()}"`),
      test: fixed(),
      set: (parameters) => {
        const text = stringAt(parameters, 0);
        return parameters.length === 1 && text !== undefined && modemClock.set(text) ? ok() : incorrectParameters;
      },
    },
    "+CTZU": {
      read: () => ok(`+CTZU: ${modemClock.updates ? 1 : 0}`),
      test: fixed("+CTZU: (0,1)"),
      set: toggle((on) => {
        modemClock.updates = on;
      }),
    },
    "+CTZR": {
      read: () => ok(`+CTZR: ${modemClock.reports ? 1 : 0}`),
      test: fixed("+CTZR: (0,1)"),
      set: toggle((on) => {
        modemClock.reports = on;
      }),
    },
  };
}

function toggle(set: (on: boolean) => void): Handler {
  return (parameters) => {
    const value = numberAt(parameters, 0, 0, 1);
    if (parameters.length !== 1 || value === undefined) return incorrectParameters;
    set(value === 1);
    return ok();
  };
}

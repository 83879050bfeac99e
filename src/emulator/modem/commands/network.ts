/** Commands about the radio and its network: TS 27.007, clauses 7, 8.2, 8.5, 8.15 and 10.1. */

import type { Clock } from "../../../base/clock.js";
import { incorrectParameters, ok } from "../answers.js";
import { type CommandForms, type CommandTable, fixed, numberAt } from "../command-set.js";
import type { ModemStyle } from "../dialects/style.js";
import type { Registration } from "../registration.js";
import { type PortSettings, type RegistrationCommand, registrationCommands } from "../settings.js";

export interface NetworkParts {
  readonly clock: Clock;
  readonly settings: PortSettings;
  readonly registration: Registration;
  readonly style: Pick<ModemStyle, "signal">;
}

export function networkCommands(parts: NetworkParts): CommandTable {
  const { clock, settings, registration, style } = parts;
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
    "+CCLK": { read: () => ok(`+CCLK: "${networkTime(clock.nowMs())}"`) },
    "+CGDCONT": {
      read: fixed('+CGDCONT: 1,"IPV4V6","super","0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0",0,0,0,0'),
    },
  };
}

/** `yy/MM/dd,hh:mm:ss+zz`, in UTC; the zone counts quarters of an hour (TS 27.007 8.15). */
export function networkTime(epochMs: number): string {
  const iso = new Date(epochMs).toISOString();
  return `${iso.slice(2, 4)}/${iso.slice(5, 7)}/${iso.slice(8, 10)},${iso.slice(11, 19)}+00`;
}

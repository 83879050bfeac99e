/** What the host has set on this AT port; a reset of the modem and `ATZ` bring the defaults back. */

import type { AnswerStyle } from "./answers.js";

export const registrationCommands = ["+CREG", "+CGREG", "+CEREG"] as const;
export type RegistrationCommand = (typeof registrationCommands)[number];

export class PortSettings implements AnswerStyle {
  /** On by default, as after every start of a real modem. */
  echo = true;
  verbose = true;
  cmee: 0 | 1 | 2 = 0;
  /** AT+CFUN=0 under `silentAtCfun0`: commands are carried out, and nothing is said. */
  muted = false;
  readonly cmeWords: Readonly<Record<number, string>>;
  /** 0: no URC; 1: status; 2: status and cell (TS 27.007 7.2, 10.1.20, 10.1.22). */
  readonly registrationReports: Record<RegistrationCommand, 0 | 1 | 2> = { "+CREG": 0, "+CGREG": 0, "+CEREG": 0 };

  constructor(cmeWords: Readonly<Record<number, string>> = {}) {
    this.cmeWords = cmeWords;
  }

  reset(): void {
    this.echo = true;
    this.verbose = true;
    this.cmee = 0;
    this.muted = false;
    for (const command of registrationCommands) this.registrationReports[command] = 0;
  }
}

/** SIM7600, A7908E: no eSIM command of their own; raw card access whose answers have no space behind the colon (lpac pull request 238). */

import type { DialectSession, FakeDialect } from "./dialect.js";

export const simcom: FakeDialect = {
  name: "simcom",
  summary: "SIMCom A7908E: raw card access, answers without a space, and 61xx for the host to fetch",
  identity: { manufacturer: "SIMCOM INCORPORATED", model: "A7908E", revision: "A7908EM7" },
  style: {
    cardAnswerSpace: false,
    // `+CGLA:4,"611A"`: the host sends GET RESPONSE.
    getResponse: "host",
    // AT+CICCID is in SIM7600's manual; its answer has the prefix of another command.
    iccid: [{ command: "+CICCID", form: "execute", prefix: "+ICCID", filler: false }],
    labelledInformation: true,
    bootUrcs: ["*ATREADY: 1"],
    simUrcs: { ready: ["+CPIN: READY", "SMS DONE", "PB DONE"], empty: ["+CPIN: SIM NOT READY"] },
  },
  start: (): DialectSession => ({ commands: {}, isDownloading: () => false, powerOff: () => undefined }),
};

/** A modem without an LPA of its own, as most are: only its card access (TS 27.007 8.17, 8.45 to 8.47) leads to the eUICC. */

import type { FakeDialect } from "./dialect.js";

export const etsiApdu: FakeDialect = {
  name: "etsi-apdu",
  summary: "a modem without an LPA: raw card access only",
  identity: { manufacturer: "Telit", model: "LE910C4-WWXD", revision: "25.21.660" },
  style: {
    // AT#CCID by ModemManager's telit plugin; AT+ICCID is in the reference guides of this family.
    iccid: [
      { command: "#CCID", form: "execute", prefix: "#CCID", filler: false },
      { command: "+ICCID", form: "execute", prefix: "+ICCID", filler: false },
    ],
    bootUrcs: [],
    simUrcs: { ready: [], empty: [] },
  },
  world: { simPower: "simdet" },
  start: () => ({ commands: {}, isDownloading: () => false, powerOff: () => undefined }),
};

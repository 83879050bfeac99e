/** A modem without an LPA of its own, as most are: only its card access (TS 27.007 8.17, 8.45 to 8.47) leads to the eUICC. */

import type { FakeDialect } from "./dialect.js";

export const etsiApdu: FakeDialect = {
  name: "etsi-apdu",
  summary: "a modem without an LPA: raw card access only",
  identity: { manufacturer: "SIMCOM INCORPORATED", model: "SIM7600G-H", revision: "LE20B04SIM7600G22" },
  start: () => ({ commands: {}, isDownloading: () => false, powerOff: () => undefined }),
};

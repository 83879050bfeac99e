/** A modem without an LPA of its own, as most are: only its card access (TS 27.007 8.17, 8.45 to 8.47) leads to the eUICC. */

import type { FakeDialect } from "./dialect.js";

export const etsiApdu: FakeDialect = {
  name: "etsi-apdu",
  summary: "a modem without an LPA: raw card access only",
  identity: { manufacturer: "Telit", model: "LE910C4-WWXD", revision: "25.21.660" },
  start: () => ({ commands: {}, isDownloading: () => false, powerOff: () => undefined }),
};

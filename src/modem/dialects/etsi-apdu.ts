import type { CardDialect } from "./dialect.js";

/** Any modem that opens a channel to the eUICC; most modems in the field have nothing more to offer, and need nothing more. */
export const etsiApdu: CardDialect = {
  kind: "card",
  name: "etsi-apdu",
  summary: "any modem with raw card access (AT+CCHO, AT+CGLA, AT+CCHC, or AT+CSIM)",
  evidence: "documented",
  sources: ["3GPP TS 27.007 8.17, 8.45 to 8.47", "Quectel RG520N Series AT Commands Manual V1.0, pages 60 to 65"],
};

import { etsiApdu } from "./etsi-apdu.js";
import { fibocomMtk } from "./fibocom-mtk.js";
import { quectelIccid } from "./quectel-iccid.js";
import { quectelIndex } from "./quectel-index.js";
import { quectelNwmode } from "./quectel-nwmode.js";
import { sierra } from "./sierra.js";
import { simcom } from "./simcom.js";
import type { DialectInput } from "./spec.js";
import { threeGppR19 } from "./three-gpp-r19.js";

/** esimd's own, in the order of asking: the one whose signs are the most particular first, and last the one that fits every modem. */
export const ownDialects: readonly DialectInput[] = [
  quectelIccid,
  quectelIndex,
  quectelNwmode,
  fibocomMtk,
  sierra,
  simcom,
  threeGppR19,
  etsiApdu,
];

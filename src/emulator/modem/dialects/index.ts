import type { FakeDialect } from "./dialect.js";
import { etsiApdu } from "./etsi-apdu.js";
import { fibocomMtk } from "./fibocom-mtk.js";
import { quectelIccid } from "./quectel-iccid.js";
import { quectelIndex } from "./quectel-index.js";
import { quectelNwmode } from "./quectel-nwmode.js";
import { sierra } from "./sierra.js";
import { simcom } from "./simcom.js";
import { threeGppR19 } from "./three-gpp-r19.js";

/** Every family that the fake modem can be. */
export const fakeDialects: readonly FakeDialect[] = [
  quectelIccid,
  quectelNwmode,
  quectelIndex,
  etsiApdu,
  fibocomMtk,
  sierra,
  simcom,
  threeGppR19,
];

export const fakeDialectNames: readonly string[] = fakeDialects.map((dialect) => dialect.name);

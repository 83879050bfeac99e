import type { FakeDialect } from "./dialect.js";
import { etsiApdu } from "./etsi-apdu.js";
import { quectelIccid } from "./quectel-iccid.js";
import { quectelIndex } from "./quectel-index.js";
import { quectelNwmode } from "./quectel-nwmode.js";

/** Every family that the fake modem can be. */
export const fakeDialects: readonly FakeDialect[] = [quectelIccid, quectelNwmode, quectelIndex, etsiApdu];

export const fakeDialectNames: readonly string[] = fakeDialects.map((dialect) => dialect.name);

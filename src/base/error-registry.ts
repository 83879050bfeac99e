import { apiErrors } from "./error-entries/api.js";
import { controlErrors } from "./error-entries/control.js";
import { downloadErrors } from "./error-entries/download.js";
import type { ErrorEntry } from "./error-entries/entry.js";
import { euiccErrors } from "./error-entries/euicc.js";
import { labelErrors } from "./error-entries/label.js";
import { modemErrors } from "./error-entries/modem.js";
import { moneyErrors } from "./error-entries/money.js";
import { reportErrors } from "./error-entries/report.js";
import { simErrors } from "./error-entries/sim.js";
import { stationErrors } from "./error-entries/station.js";
import { surroundingErrors } from "./error-entries/surroundings.js";

export type { Actor, ErrorEntry, RetryClass } from "./error-entries/entry.js";

/**
 * Every way in which esimd can end other than well: one entry a code. The codes are a contract (docs/errors.md is generated from here);
 * a code is never renamed or given another meaning.
 */
const entries = {
  ...surroundingErrors,
  ...modemErrors,
  ...euiccErrors,
  ...downloadErrors,
  ...apiErrors,
  ...moneyErrors,
  ...simErrors,
  ...controlErrors,
  ...reportErrors,
  ...stationErrors,
  ...labelErrors,
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof entries;

export const errorRegistry: Readonly<Record<ErrorCode, ErrorEntry>> = entries;

export const errorCodes = Object.keys(entries) as readonly ErrorCode[];

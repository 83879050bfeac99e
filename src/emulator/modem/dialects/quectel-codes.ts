/** The result codes 0x8500xxxx of Quectel's newer LPAs: a class each, and within it SGP.22's own numbers. Pure. */

import {
  authenticateErrors,
  deleteResults,
  disableResults,
  downloadErrors,
  enableResults,
  installErrors,
  nicknameResults,
  resultCode,
} from "../../../lpa/es10/result-codes.js";
import type { DownloadOutcome } from "./download.js";
import type { ProfileChange } from "./lpa-operations.js";

export const quectelCodes = {
  ok: 0,
  activationCode: 0x85000003,
  general: 0x85000005,
  httpsError: 0x8500000f,
  systemBusy: 0x85000011,
  httpsResponse: 0x85000014,
  smdpError: 0x85000016,
  dataTimeout: 0x85000017,
} as const;

/** As the module's answer spells it. */
export function resultText(code: number): string {
  return code === 0 ? "0" : `0x${code.toString(16)}`;
}

/** The code of an operation from SGP.22's name of its result. Disable has 4 where SGP.22 has 5 for `catBusy`. */
export function operationCode(operation: ProfileChange | "nickname", result: string): number {
  if (result === "ok") return quectelCodes.ok;
  switch (operation) {
    case "enable":
      return 0x85000100 + resultCode(enableResults, result);
    case "disable":
      return 0x85000200 + (result === "catBusy" ? 4 : resultCode(disableResults, result));
    case "delete":
      return 0x85000300 + resultCode(deleteResults, result);
    case "nickname":
      return 0x85000500 + resultCode(nicknameResults, result);
  }
}

/** The code that ends a download. */
export function downloadCode(outcome: DownloadOutcome): number {
  if (outcome.ok) return quectelCodes.ok;
  const { stage, reason } = outcome;
  switch (stage) {
    case "authenticateServer":
      return 0x85000700 + resultCode(authenticateErrors, reason);
    case "prepareDownload":
      if (reason === "confirmationCodeRequired") return quectelCodes.activationCode;
      return 0x85000800 + resultCode(downloadErrors, reason);
    case "install":
      return 0x85000900 + resultCode(installErrors, reason);
    case "network":
      return reason === "deadline" ? quectelCodes.dataTimeout : quectelCodes.httpsError;
    case "smdp":
      return quectelCodes.smdpError;
    case "answer":
      return quectelCodes.httpsResponse;
    case "lpa":
      return quectelCodes.general;
  }
}

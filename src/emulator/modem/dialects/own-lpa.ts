/** The emulated modem's LPA behind the dialects' view of a download: which of its failures is whose. */

import { type Clock, sleep } from "../../../base/clock.js";
import { EsimdError, toEsimdError } from "../../../base/errors.js";
import type { EmulatedEuicc } from "../../euicc/euicc.js";
import { type ModemDownloadResult, runModemDownload } from "../../euicc/modem-lpa.js";
import type { World } from "../scenario.js";
import type { DownloadOutcome, OwnLpa } from "./download.js";

export interface OwnLpaParts {
  readonly clock: Clock;
  readonly euicc: EmulatedEuicc;
  /** Type allocation code: the first eight digits of the IMEI. */
  readonly tac: string;
  readonly world: () => World;
  /** The eUICC has changed. */
  readonly keep: () => void;
}

export function createOwnLpa(parts: OwnLpaParts): OwnLpa {
  const { clock, euicc, tac, world, keep } = parts;
  return async ({ smdpAddress, matchingId, confirmationCode, post }) => {
    let network: EsimdError | undefined;
    try {
      const result = await runModemDownload({
        euicc,
        smdpAddress,
        matchingId,
        confirmationCode,
        tac,
        post: async (functionName, body) => {
          try {
            return await post(functionName, JSON.stringify(body));
          } catch (error) {
            network ??= toEsimdError(error);
            throw error;
          }
        },
        afterInstall: async () => {
          keep();
          if (world().installMs > 0) await sleep(clock, world().installMs);
        },
      });
      return outcomeOf(result, network);
    } catch (error) {
      if (error instanceof EsimdError) return { ok: false, stage: "lpa", reason: error.message };
      throw error;
    } finally {
      keep();
    }
  };
}

function outcomeOf(result: ModemDownloadResult, network: EsimdError | undefined): DownloadOutcome {
  if (result.ok) return { ok: true };
  const { stage, reason } = result;
  switch (stage) {
    case "authenticateServer":
    case "prepareDownload":
      return { ok: false, stage, reason };
    case "package":
      // `storeMetadata/installFailedDueTo…`: the part that failed, and why.
      return { ok: false, stage: "install", reason: reason.slice(reason.indexOf("/") + 1) };
    default:
      if (network !== undefined) return { ok: false, stage: "network", reason: network.code };
      return { ok: false, stage: result.subjectCode === undefined ? "answer" : "smdp", reason };
  }
}

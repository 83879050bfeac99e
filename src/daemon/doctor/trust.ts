import { X509Certificate } from "node:crypto";
import type { Clock } from "../../base/clock.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { describeCiKey, rootKeyId } from "../../lpa/es9plus/root-key-id.js";
import { loadCiRoots } from "../../lpa/es9plus/trust.js";
import { requireSaneClock } from "../sane-clock.js";
import { allFound, type Check, type Examination, found, type Outcome, skipped, type Trouble, well } from "./check.js";

/** The GSMA roots that an SM-DP+ must chain to. */

export const ciRoots: Check = {
  name: "ci-roots",
  asks: "Are there GSMA roots in the ci_roots folder, and are they valid today?",
  knows:
    "The certificates of its .pem and .crt files and their dates. Whether they are the GSMA's, only their fingerprints tell.",
  codes: ["smdp_untrusted", "config_unreadable", "config_invalid"],
  needs: ["configuration"],
  after: ["lpa"],
  timeoutMs: 20_000,
  run: async (examination): Promise<Outcome> => {
    const { surroundings, facts } = examination;
    if (!carriesHttps(examination))
      return skipped("the modem downloads by itself, and trusts what its maker put into it");
    const roots = await loadCiRoots(surroundings.config.ciRoots);
    facts.roots = roots;
    if (!isSane(surroundings.clock)) return well("dates cannot be judged by this clock");
    return judgeDates(roots, surroundings.clock.nowMs(), surroundings.config.ciRoots);
  },
};

function isSane(clock: Clock): boolean {
  try {
    requireSaneClock(clock);
    return true;
  } catch (error) {
    if (!isEsimdError(error, "clock_insane")) throw error;
    return false;
  }
}

/** Whether esimd's host talks to the SM-DP+; unless the modem was seen to do it by itself, it does. */
export function carriesHttps({ facts }: Pick<Examination, "facts">): boolean {
  return facts.lpa !== "modem-network" && facts.lpa !== "modem-only";
}

/** Pure. */
export function judgeDates(roots: readonly string[], nowMs: number, folder: string): Outcome {
  const bad = roots.flatMap((pem) => {
    const { subject, validFrom, validTo } = new X509Certificate(pem);
    const name = subject.replaceAll("\n", ", ");
    if (nowMs > Date.parse(validTo)) return [`${name} ended ${validTo}`];
    return nowMs < Date.parse(validFrom) ? [`${name} begins ${validFrom}`] : [];
  });
  const severity = bad.length === roots.length ? "error" : "warning";
  const troubles = bad.map((which): Trouble => {
    const message = `a root in ${folder} is not valid today: ${which}`;
    const hint = "Replace it by its successor, if the clock is right.";
    return { severity, error: new EsimdError("smdp_untrusted", message, { hint }) };
  });
  return allFound(troubles);
}

export const ciKeys: Check = {
  name: "ci-keys",
  asks: "Does the ci_roots folder have the roots of the CI keys that the eUICC lists?",
  knows:
    "EUICCInfo1 of the eUICC and the subject key ids of the roots. With none in common no download can work. A root that is missing beside others matters only if the SM-DP+ uses it: that is a warning, unless an SM-DP+ was found to chain to a root that is there.",
  codes: ["smdp_untrusted"],
  needs: ["ci-roots"],
  after: ["smdp"],
  timeoutMs: 10_000,
  run: async ({ surroundings, facts }): Promise<Outcome> => {
    const { ciKeyIds, roots = [] } = facts;
    if (ciKeyIds === undefined || ciKeyIds.length === 0) return skipped("the eUICC could not be asked for its CI keys");
    return judgeKeys(ciKeyIds, roots.map(rootKeyId), facts.smdpTrusted === true, surroundings.config.ciRoots);
  },
};

/** Pure. */
export function judgeKeys(
  listed: readonly string[],
  present: readonly string[],
  smdpTrusted: boolean,
  folder: string,
): Outcome {
  const missing = listed.filter((keyId) => !present.includes(keyId));
  const names = missing.map(describeCiKey).join(", ");
  if (missing.length === 0) return well();
  if (missing.length === listed.length) {
    const message = `${folder} has no root of a CI key that the eUICC lists; missing is ${names}`;
    const hint = `Put the root certificate with this subject key id into ${folder}: ${names}.`;
    return found(new EsimdError("smdp_untrusted", message, { hint }));
  }
  if (smdpTrusted) return well(`the eUICC lists CI keys without a root in ${folder}, too: ${names}`);
  const message = `the eUICC also lists CI keys for which ${folder} has no root: ${names}`;
  const hint = "Put that root there if the SM-DP+ uses it; where it uses another that is there, nothing is wrong.";
  return found(new EsimdError("smdp_untrusted", message, { hint }), "warning");
}
